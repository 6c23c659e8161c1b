"""How much of everything is measured: what the targets name."""

import dataclasses


@dataclasses.dataclass
class Sizes:
    first_jobs: int = 100       # whose first line is waited for
    job_seconds: int = 5        # work of the job that is compared with its bare script
    true_jobs: int = 1_000      # of `true`
    log_lines: int = 1_000_000  # that a job prints as fast as it can
    print_seconds: int = 1      # of the script that prints 10,000 lines a second
    keys: int = 1_000_000       # of the bucket that is listed
    transfer_mib: int = 1024    # uploaded and downloaded by boto3
    weights_mib: int = 1024     # in model.tar.gz
    files: int = 60_000         # of the channel of small files
    big_gb: int = 20            # of the channel that is one object
    jobs: int = 10_000          # finished, in the store
    stored_jobs: int = 100_000  # that a start finds
    load_seconds: int = 1       # of one load of a model server

    def change(self, text: str) -> None:
        """"keys=1000" changes one."""
        name, _, number = text.partition("=")
        if name not in dataclasses.asdict(self) or not number.isdigit() or int(number) == 0:
            raise ValueError(f"'{text}': wanted NAME=N, of {self}")
        setattr(self, name, int(number))

    def __str__(self) -> str:
        return " ".join(f"{name}={number}" for name, number in dataclasses.asdict(self).items())
