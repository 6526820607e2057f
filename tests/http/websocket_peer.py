#!/usr/bin/env python3
"""A WebSocket server that is nobody's but the library's (python3-websockets),
for tests: prints its port, and serves until its stdin ends. With two arguments,
a certificate and its key, over TLS.

/echo sends each message back; /fragments N sends "text" N times in pieces;
/close CODE REASON closes; /subprotocol answers with the subprotocol; /ping pings
the client and tells whether it answered."""

import asyncio
import ssl
import sys
import urllib.parse

import websockets


async def serve(ws, path=None):
    path = urllib.parse.unquote(path or ws.path)
    words = path.split(" ")
    if words[0] == "/fragments":
        for _ in range(int(words[1])):
            await ws.send(["te", "", "xt"])
        await ws.send([b"\0", b"\xff"])
    elif words[0] == "/close":
        await ws.close(int(words[1]), " ".join(words[2:]))
        return
    elif words[0] == "/subprotocol":
        await ws.send(str(ws.subprotocol))
    elif words[0] == "/ping":
        pong = await ws.ping(b"from the server")
        await asyncio.wait_for(pong, 20)
        await ws.send("answered")
    try:
        async for message in ws:
            await ws.send(message)
    except websockets.ConnectionClosedError:
        pass # closed with another code than 1000


async def main():
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    # Its default is to offer compression, which molo does not ask for.
    async with websockets.serve(serve, "127.0.0.1", 0, ssl=context,
                                max_size=None,
                                subprotocols=["superchat", "chat"]) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
