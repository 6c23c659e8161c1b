"""The context that handlers receive: what TorchServe and Multi Model Server document, and SageMaker's functions may ask for.

One object for the life of a model; `begin` puts the requests of the next call into it. Index idx: the request within the
batch. Not thread-safe: a worker handles one call at a time."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

CONTENT_TYPE = "content-type"


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header's value; letter for letter first, then whatever its case."""
    value = headers.get(name)
    if value is None:
        low = name.lower()
        value = next((v for k, v in headers.items() if k.lower() == low), None)
    return value


class RequestProcessor:
    """Headers of one request, and status and headers of its answer."""

    def __init__(self, request_header: Mapping[str, str]):
        self._request = request_header
        self._response: dict[str, str] = {}
        self._status: tuple[int, str] = (200, "")

    def get_request_property(self, key: str) -> str | None:
        return header(self._request, key)

    def get_request_properties(self) -> Mapping[str, str]:
        return self._request

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        self._status = (int(code), reason_phrase or "")

    def get_response_status_code(self) -> int:
        return self._status[0]

    def get_response_status_phrase(self) -> str:
        return self._status[1]

    def add_response_property(self, key: str, value: str) -> None:
        self._response[key] = value

    def get_response_headers(self) -> dict[str, str]:
        return self._response

    def get_response_header(self, key: str) -> str | None:
        return header(self._response, key)


class Context:
    """gpu: number of the GPU, None on the CPU. manifest: of a model archive, else an empty one."""

    def __init__(self, model_name: str, model_dir: str, manifest: dict | None = None, batch_size: int = 1,
                 gpu: int | None = None, mms_version: str = "1.0", limit_max_image_pixels: bool = True,
                 metrics: Any = None, model_yaml_config: dict | None = None):
        self.model_name = model_name
        self.manifest = manifest if manifest is not None else {"model": {}}
        self.model_yaml_config = model_yaml_config or {}
        self.request_ids: dict[int, str] = {}
        self.explain = False
        self.metrics = metrics
        self.intermediate: Any = None  # during a call: takes what is sent before its end
        self.request_processor: Sequence[RequestProcessor] = []
        self.system_properties = {
            "model_dir": model_dir, "gpu_id": gpu, "batch_size": batch_size, "server_name": "Clary",
            "server_version": mms_version, "limit_max_image_pixels": limit_max_image_pixels,
        }

    def begin(self, headers: Sequence[Mapping[str, str]], request_ids: Sequence[str] = ("",)) -> None:
        """The next call's requests; what was set for the answers of the last one is forgotten."""
        self.request_processor = [RequestProcessor(one) for one in headers]
        self.request_ids = dict(enumerate(request_ids))

    def get_request_id(self, idx: int = 0) -> str | None:
        return self.request_ids.get(idx)

    def get_sequence_id(self, idx: int = 0) -> str:
        return self.get_request_header(idx, "ts_request_sequence_id") or ""

    def get_request_header(self, idx: int, key: str) -> str | None:
        return self.request_processor[idx].get_request_property(key)

    def get_all_request_header(self, idx: int) -> Mapping[str, str]:
        return self.request_processor[idx].get_request_properties()

    def set_response_content_type(self, idx: int, value: str) -> None:
        self.set_response_header(idx, CONTENT_TYPE, value)

    def get_response_content_type(self, idx: int) -> str | None:
        return self.request_processor[idx].get_response_header(CONTENT_TYPE)

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.request_processor[idx].report_status(code, phrase)

    def set_all_response_status(self, code: int = 200, phrase: str = "") -> None:
        for processor in self.request_processor:
            processor.report_status(code, phrase)

    def get_response_status(self, idx: int) -> tuple[int, str]:
        processor = self.request_processor[idx]
        return processor.get_response_status_code(), processor.get_response_status_phrase()

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        self.request_processor[idx].add_response_property(key, value)

    def get_response_headers(self, idx: int) -> dict[str, str]:
        return self.request_processor[idx].get_response_headers()
