"""The exceptions of SageMaker's inference toolkit, under the names that users raise and catch."""

_NO_FORM = """Content type {} is not supported by this framework.

            Please implement input_fn to to deserialize the request data or an output_fn to
            serialize the response. For more information, see the SageMaker Python SDK README."""


class UnsupportedFormatError(Exception):
    """A content type that no decoder or encoder knows. The wording is the toolkit's: clients match it."""

    def __init__(self, content_type, **kwargs):
        super().__init__(_NO_FORM.format(content_type), **kwargs)


class BaseInferenceToolkitError(Exception):
    """Answered with its own status and reason phrase."""

    def __init__(self, status_code, message, phrase):
        super().__init__(status_code, message, phrase)
        self.status_code = status_code
        self.message = message
        self.phrase = phrase


class GenericInferenceToolkitError(BaseInferenceToolkitError):
    """As its base; message and phrase may be left out."""

    def __init__(self, status_code, message=None, phrase=None):
        message = message or "Invalid Request"
        super().__init__(status_code, message, phrase or message)
