"""boto3 as a client process: each line on standard input, a JSON list, is carried out and answered with a line.

["make", URL], ["up", URL, FILE], ["down", URL, FILE]; the answer: [wall seconds, CPU seconds of this process].
"""

import json
import sys
import time

import boto3

BUCKET, KEY = "transfer", "object"


def carry_out(what: str, url: str, file: str = "") -> None:
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    if what == "make":
        s3.create_bucket(Bucket=BUCKET)
    began, used = time.perf_counter(), time.process_time()
    if what == "up":
        s3.upload_file(file, BUCKET, KEY)
    elif what == "down":
        s3.download_file(BUCKET, KEY, file)
    print(json.dumps([time.perf_counter() - began, time.process_time() - used]), flush=True)


if __name__ == "__main__":
    for line in sys.stdin:
        carry_out(*json.loads(line))
