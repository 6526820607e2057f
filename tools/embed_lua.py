#!/usr/bin/env python3
"""Writes lua/**/*.lua as C arrays: embed_lua.py OUT ROOT FILE..."""
import os
import sys


def main():
    out, root, files = sys.argv[1], sys.argv[2], sorted(sys.argv[3:])
    rows = []
    with open(out, "w", encoding="ascii") as c:
        c.write('#include "script/builtin.h"\n\n')
        for number, path in enumerate(files):
            name = os.path.relpath(path, root)[:-len(".lua")].replace("/", ".")
            with open(path, "rb") as lua:
                data = lua.read()
            c.write(f"static const char module_{number}[] = {{\n")
            for at in range(0, len(data), 16):
                line = ", ".join(f"{byte:#04x}" for byte in data[at:at + 16])
                c.write(f"    {line},\n")
            c.write("};\n")
            rows.append(f'    {{"{name}", module_{number}, '
                        f"sizeof(module_{number})}},\n")
        c.write("\nconst struct builtin_module builtin_modules[] = {\n")
        c.writelines(rows)
        c.write("};\n")
        c.write(f"const size_t builtin_module_count = {len(rows)};\n")


if __name__ == "__main__":
    main()
