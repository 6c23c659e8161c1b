"""Calling a user's function by SageMaker's rule: it takes exactly what the contract gives it, or one more, the context."""


class Function:
    """count: how many arguments the contract gives. The rule is checked when the function is called, so that a model whose
    output_fn has a mistake still says so per request, as on SageMaker."""

    def __init__(self, function, count):
        import inspect

        try:
            self.takes = len(inspect.signature(function).parameters)
        except ValueError:  # a function in C that does not say
            self.takes = count
        self.function, self.count = function, count

    def __call__(self, context, *arguments):
        if self.takes == self.count:
            return self.function(*arguments)
        if self.takes == self.count + 1:
            return self.function(*arguments, context)
        name = getattr(self.function, "__name__", repr(self.function))
        raise TypeError(f"{name} takes {self.takes} arguments but {self.count} were given.")
