"""Certificates for servers on 127.0.0.1, made by the openssl program."""

import os
import subprocess


def openssl(*words):
    result = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=False,
                            timeout=60)
    if result.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (words[0], result.stderr))


def certificate(directory, name, *, signer=None, san="IP:127.0.0.1",
                days="2", authority=False):
    """Makes NAME.pem and NAME.key and returns their paths; self-signed without
    a signer. Negative `days` make one that has expired."""
    def path(stem, suffix):
        return os.path.join(directory, stem + suffix)

    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-subj", "/CN=molo test " + name,
            "-keyout", path(name, ".key"), "-out", path(name, ".csr"))
    with open(path(name, ".ext"), "w", encoding="utf-8") as file:
        file.write("subjectAltName=%s\nbasicConstraints=critical,CA:%s\n"
                   % (san, "TRUE" if authority else "FALSE"))
    by = ["-CA", path(signer, ".pem"), "-CAkey", path(signer, ".key"),
          "-CAcreateserial"] if signer else ["-signkey", path(name, ".key")]
    openssl("x509", "-req", "-in", path(name, ".csr"), "-days", days,
            "-extfile", path(name, ".ext"), "-out", path(name, ".pem"), *by)
    return path(name, ".pem"), path(name, ".key")
