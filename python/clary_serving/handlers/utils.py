"""The small functions of SageMaker's inference toolkit that scripts import."""


def read_file(path, mode="r"):
    with open(path, mode) as file:
        return file.read()


def write_file(path, data, mode="w"):
    with open(path, mode) as file:
        file.write(data)


def retrieve_content_type_header(request_property):
    """The value of the Content-Type among headers of any case; None when it is absent."""
    return next((value for key, value in request_property.items() if key.lower() == "content-type"), None)


def parse_accept(accept):
    """The entries of an Accept header, in order, parameters kept."""
    return [entry.strip() for entry in accept.split(",")]


def remove_crlf(illegal_string):
    return illegal_string.replace("\r", " ").replace("\n", " ")
