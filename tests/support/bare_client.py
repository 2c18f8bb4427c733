"""The least that any client must do, as a baseline: the same requests, threads over http.client, nothing kept.

``python tests/support/bare_client.py HOST:PORT FILE WORKERS`` sends each line of the file as one call.
"""

import http.client
import json
import queue
import sys
import threading
from pathlib import Path

PATH = "/v1/chat/completions"


def send(address: str, bodies: "queue.SimpleQueue[bytes | None]") -> None:
    """Send calls over one connection until a None comes."""
    connection = http.client.HTTPConnection(address)
    while (body := bodies.get()) is not None:
        connection.request("POST", PATH, body, {"Content-Type": "application/json", "Authorization": "Bearer none"})
        reply = json.loads(connection.getresponse().read())
        assert reply["choices"][0]["message"]["content"]
    connection.close()


def main() -> None:
    """Send all and wait for the replies."""
    address, file, workers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    bodies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threads = [threading.Thread(target=send, args=(address, bodies)) for _ in range(workers)]
    for body in file.read_bytes().splitlines():
        bodies.put(body)
    for thread in threads:
        bodies.put(None)
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
