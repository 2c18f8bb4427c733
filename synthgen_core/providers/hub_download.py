"""One file of the Hugging Face hub, brought or completed by ``huggingface_hub`` in a process of its own.

``gguf.fetch_model`` starts it: only a process can be stopped at once, whatever the line is doing, and ``HF_ENDPOINT``
and its like are read when ``huggingface_hub`` is imported. What it says last, on one line, is a ``Reply`` as JSON.
"""

import contextlib
import dataclasses
import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 1 << 20
"""What is written at a time; huggingface_hub's 10 MB would be lost where a line breaks."""
CAN_PASS = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of it: the hub's hash of the file, or a problem."""

    etag: str = ""
    """For a file of this kind (Git LFS), its SHA-256."""
    problem: str = ""
    """gated, missing, status, unreachable, offline, not_a_hub, size, cut, disk; empty if all went well."""
    detail: str = ""


def main() -> None:
    """Arguments: repository, file, revision, expected bytes, path of the part that is to be completed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    repository, file, revision, size, part = sys.argv[1:]
    reply = _fetch(repository, file, revision, int(size), Path(part))
    sys.stdout.write(f"\n{json.dumps(dataclasses.asdict(reply))}\n")


def _end_with_parent() -> None:
    """Two of us must never write the same part: whoever holds the lock for us keeps our standard input open."""
    while os.read(0, 1):  # not through sys.stdin: the end of Python would wait for its lock
        pass
    os._exit(1)


def _fetch(repository: str, file: str, revision: str, size: int, part: Path) -> Reply:
    import httpx2
    from huggingface_hub import constants, get_hf_file_metadata, get_token, hf_hub_url
    from huggingface_hub.errors import FileMetadataError, HfHubHTTPError, OfflineModeIsEnabled
    from huggingface_hub.file_download import HfFileMetadata, http_get

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    url = hf_hub_url(repository, file, revision=revision)
    headers = {"accept-encoding": "identity"}
    if token := get_token():
        headers["authorization"] = f"Bearer {token}"  # httpx2 does not carry it over to another host

    def metadata() -> HfFileMetadata:
        try:
            return get_hf_file_metadata(url)
        except HfHubHTTPError as error:
            if error.response.status_code not in CAN_PASS:
                raise
            return get_hf_file_metadata(url, retry_on_errors=True)

    try:
        found = metadata()
        if not found.etag or not found.commit_hash:
            return Reply(problem="not_a_hub")
        if found.size is not None and found.size != size:
            return Reply(problem="size", detail=str(found.size))
        with part.open("ab", buffering=0) as out:
            if out.tell() > size:
                out.truncate(0)
            http_get(url, out, resume_size=out.tell(), headers=headers, expected_size=size)
            os.fsync(out.fileno())
    except OfflineModeIsEnabled:
        return Reply(problem="offline")
    except HfHubHTTPError as error:
        return Reply(problem=_refusal(error.response.status_code), detail=str(error.response.status_code))
    except FileMetadataError:
        return Reply(problem="not_a_hub")
    except httpx2.ConnectError as error:
        return Reply(problem="unreachable", detail=str(error))
    except httpx2.TimeoutException:
        return Reply(problem="unreachable", detail="it does not answer")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:  # its text may hold a key: a header, a signed address
        return Reply(problem="cut" if _has(part) else "unreachable", detail=type(error).__name__)
    except OSError as error:
        # huggingface_hub's own OSError, without a number, says that bytes are missing
        return Reply(problem="disk" if error.errno else "cut", detail=error.strerror or "")
    return Reply(etag=found.etag)


def _refusal(status: int) -> str:
    match status:
        case 401 | 403:
            return "gated"
        case 404 | 410:
            return "missing"
        case _:
            return "status"


def _has(part: Path) -> bool:
    """Whether some of the file is there."""
    with contextlib.suppress(OSError):
        return part.stat().st_size > 0
    return False


if __name__ == "__main__":
    main()
