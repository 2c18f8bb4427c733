"""The least that any client must do, as a baseline: the same requests, threads over http.client, nothing kept.

``python tests/support/bare_client.py HOST:PORT FILE WORKERS`` sends each line of the file until it is answered well: a
thread waits out each ``Retry-After``, and sends again what failed or was cut off. With ``sdk`` as a fourth word the
calls go through the ``openai`` package instead, and none is sent twice.
"""

import http.client
import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

PATH = "/v1/chat/completions"
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer none"}
OK, TOO_MANY = 200, 429


def send(address: str, bodies: "queue.SimpleQueue[bytes | None]") -> None:
    """Send calls over one connection until a None comes."""
    connection = http.client.HTTPConnection(address)
    while (body := bodies.get()) is not None:
        while not is_answered(connection, body):
            pass
    connection.close()


def is_answered(connection: http.client.HTTPConnection, body: bytes) -> bool:
    """Send a call; tells whether the reply is whole. A refusal's time is waited out."""
    connection.request("POST", PATH, body, HEADERS)
    response = connection.getresponse()
    reply = json.loads(response.read())
    if response.status == TOO_MANY:
        time.sleep(float(response.headers["Retry-After"]))
    return response.status == OK and reply["choices"][0]["finish_reason"] == "stop"


def send_by_sdk(address: str) -> "Callable[[str, queue.SimpleQueue[bytes | None]], None]":
    """What ``send`` does, as the official SDK does it, with one client for all threads."""
    import openai

    client = openai.OpenAI(api_key="none", base_url=f"http://{address}/v1", max_retries=0)

    def send(_: str, bodies: "queue.SimpleQueue[bytes | None]") -> None:
        while (body := bodies.get()) is not None:
            reply = client.chat.completions.create(**json.loads(body))
            assert reply.choices[0].message.content

    return send


def main() -> None:
    """Send all and wait for the replies."""
    address, file, workers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    target = send_by_sdk(address) if sys.argv[4:] == ["sdk"] else send
    bodies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threads = [threading.Thread(target=target, args=(address, bodies)) for _ in range(workers)]
    for body in file.read_bytes().splitlines():
        bodies.put(body)
    for thread in threads:
        bodies.put(None)
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
