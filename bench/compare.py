#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens buckets in many ways in a moto server, lets bucketlid and Prowler look
at them, and prints verdicts and wall clock as Markdown. See bench/README.md."""

import argparse
import glob
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3

OWN, FOREIGN, ORG = "123456789012", "222233334444", "o-abcdefghij"
REGION = "us-east-1"
GROUPS = "http://acs.amazonaws.com/groups/global/"


def statement(action="s3:GetObject", principal="*", where="arn:aws:s3:::{b}/*", effect="Allow", **more):
    s = {"Effect": effect, "Action": action, "Resource": where, **more}
    if "NotAction" in more:
        del s["Action"]
    if "NotPrincipal" not in more:
        s["Principal"] = principal
    return s


def on(operator, key, value):
    return {"Condition": {operator: {key: value}}}


def policy(*statements):
    def make(c, b):
        text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).replace("{b}", b)
        c.s3.put_bucket_policy(Bucket=b, Policy=text)
    return make


def acl(**grants):
    return lambda c, b: c.s3.put_bucket_acl(Bucket=b, **grants)


def body(uri, permission):
    def make(c, b):
        owner = c.s3.get_bucket_acl(Bucket=b)["Owner"]
        grants = [{"Grantee": {"Type": "CanonicalUser", "ID": owner["ID"]}, "Permission": "FULL_CONTROL"},
                  {"Grantee": {"Type": "Group", "URI": uri}, "Permission": permission}]
        c.s3.put_bucket_acl(Bucket=b, AccessControlPolicy={"Owner": owner, "Grants": grants})
    return make


def block(*flags):
    names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
    return lambda c, b: c.s3.put_public_access_block(
        Bucket=b, PublicAccessBlockConfiguration={n: n in flags for n in names})


def enforced(c, b):
    c.s3.put_bucket_ownership_controls(Bucket=b, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})


def website(c, b):
    c.s3.put_bucket_website(Bucket=b, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})


def public_object(c, b):
    c.s3.put_object(Bucket=b, Key="price-list.pdf", Body=b"x", ACL="public-read")


def access_point(principal, open_block):
    def make(c, b):
        flags = {n: not open_block for n in ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]}
        c.control.create_access_point(AccountId=OWN, Name="ap-" + b, Bucket=b, PublicAccessBlockConfiguration=flags)
        text = {"Version": "2012-10-17", "Statement": [statement(principal=principal, where=f"arn:aws:s3:{REGION}:{OWN}:accesspoint/ap-{b}/object/*")]}
        c.control.put_access_point_policy(AccountId=OWN, Name="ap-" + b, Policy=json.dumps(text))
    return make


WHOLE = ["arn:aws:s3:::{b}", "arn:aws:s3:::{b}/*"]
STAR = policy(statement())
DELEGATES = policy(statement("s3:*", where=WHOLE, **on("StringEquals", "s3:DataAccessPointAccount", OWN)))
ALL = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

# What AWS does, by its own pages: public (a stranger's request succeeds), held
# (granted to strangers, and a guard holds it), network (only from a few
# addresses), shared (a named foreign account), private.
CASES = [
    ("nothing set", "private", []),
    ("ACL, canned public-read", "public", [acl(ACL="public-read")]),
    ("ACL, header, AuthenticatedUsers READ", "public", [acl(GrantRead='uri="' + GROUPS + 'AuthenticatedUsers"')]),
    ("ACL, body, AllUsers WRITE", "public", [body(GROUPS + "AllUsers", "WRITE")]),
    ("ACL, body, AllUsers READ_ACP", "public", [body(GROUPS + "AllUsers", "READ_ACP")]),
    ("ACL, LogDelivery WRITE", "private", [body("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE")]),
    ("ACL public-read, IgnorePublicAcls on", "held", [acl(ACL="public-read"), block("IgnorePublicAcls")]),
    ("ACL public-read, only BlockPublicAcls on", "public", [acl(ACL="public-read"), block("BlockPublicAcls")]),
    ("policy, Principal *", "public", [STAR]),
    ("policy, Principal *, website on", "public", [STAR, website]),
    ("policy, Principal {AWS: [*]}", "public", [policy(statement(principal={"AWS": ["*"]}))]),
    ("policy, Principal *, PutObject", "public", [policy(statement("s3:PutObject"))]),
    ("policy, Principal *, NotAction", "public", [policy(statement(NotAction="s3:DeleteBucket"))]),
    ("policy, Allow with NotPrincipal", "public", [policy(statement(NotPrincipal={"AWS": f"arn:aws:iam::{FOREIGN}:root"}))]),
    ("policy *, and the same denied", "private", [policy(statement(), statement(effect="Deny"))]),
    ("policy *, full Block Public Access", "held", [STAR, block(*ALL)]),
    ("policy *, only RestrictPublicBuckets on", "held", [STAR, block("RestrictPublicBuckets")]),
    ("policy *, only BlockPublicPolicy on", "public", [STAR, block("BlockPublicPolicy")]),
    ("policy *, only with HTTPS", "public", [policy(statement(**on("Bool", "aws:SecureTransport", "true")))]),
    ("policy *, StringEquals PrincipalOrgID", "private", [policy(statement(**on("StringEquals", "aws:PrincipalOrgID", ORG)))]),
    ("policy *, StringEqualsIfExists PrincipalOrgID", "public", [policy(statement(**on("StringEqualsIfExists", "aws:PrincipalOrgID", ORG)))]),
    ("policy *, StringLike PrincipalOrgID *", "public", [policy(statement(**on("StringLike", "aws:PrincipalOrgID", "*")))]),
    ("policy *, ForAllValues:StringEquals PrincipalOrgPaths", "public", [policy(statement(**on("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", ORG + "/r-1/")))]),
    ("policy *, StringNotEquals PrincipalAccount", "public", [policy(statement(**on("StringNotEquals", "aws:PrincipalAccount", FOREIGN)))]),
    ("policy *, StringEquals PrincipalAccount, own", "private", [policy(statement(**on("StringEquals", "aws:PrincipalAccount", OWN)))]),
    ("policy *, SourceVpce", "private", [policy(statement(**on("StringEquals", "aws:SourceVpce", "vpce-0123456789abcdef0")))]),
    ("policy *, SourceIp of one office", "network", [policy(statement(**on("IpAddress", "aws:SourceIp", "203.0.113.0/24")))]),
    ("policy *, SourceIp 0.0.0.0/0", "public", [policy(statement(**on("IpAddress", "aws:SourceIp", "0.0.0.0/0")))]),
    ("policy *, SourceIp in two halves", "public", [policy(statement(**on("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"])))]),
    ("policy *, Referer", "public", [policy(statement(**on("StringLike", "aws:Referer", "https://www.example.com/*")))]),
    ("policy, CloudFront with SourceArn", "private", [policy(statement(principal={"Service": "cloudfront.amazonaws.com"}, **on(
        "StringEquals", "aws:SourceArn", f"arn:aws:cloudfront::{OWN}:distribution/E1")))]),
    ("policy, a foreign account", "shared", [policy(statement(principal={"AWS": f"arn:aws:iam::{FOREIGN}:root"}))]),
    ("policy *, PrincipalAccount, foreign", "shared", [policy(statement(**on("StringEquals", "aws:PrincipalAccount", FOREIGN)))]),
    ("access point open to *, bucket delegates", "public", [DELEGATES, access_point("*", True)]),
    ("access point open to *, its block on", "held", [DELEGATES, access_point("*", False)]),
    ("access point for the own account", "private", [DELEGATES, access_point({"AWS": f"arn:aws:iam::{OWN}:root"}, False)]),
    ("one object public-read", "public", [public_object]),
    ("one object public-read, BucketOwnerEnforced", "held", [public_object, enforced]),
]


class Clients:
    """The clients that open buckets, as a deployment would."""

    def __init__(self, url):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": REGION, "endpoint_url": url}
        self.s3 = boto3.client("s3", **keys)
        self.control = boto3.client("s3control", **keys)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_moto(program):
    port = free_port()
    server = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://localhost:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(url + "/moto-api/").close()
            return server, url
        except OSError:
            time.sleep(0.05)
    sys.exit("moto does not answer")


def names():
    return [f"case-{i:02d}" for i in range(len(CASES))]


def open_buckets(url, more):
    c = Clients(url)
    for name, (_, _, steps) in zip(names(), CASES):
        c.s3.create_bucket(Bucket=name)
        for step in steps:
            step(c, name)
    for i in range(more):
        c.s3.create_bucket(Bucket=f"more-{i:04d}")


# S3 Control puts the account before the host: 123456789012.localhost. Resolvers
# differ in whether they know names below localhost, so that Python is told. No
# other host is found, and at once: waiting for one is not what is measured.
RESOLVE = """import socket
_asked = socket.getaddrinfo
def _answer(host, *args, **more):
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name in ("localhost", "127.0.0.1") or name.endswith(".localhost"):
        return _asked("127.0.0.1", *args, **more)
    raise socket.gaierror(socket.EAI_NONAME, "not on this machine: " + name)
socket.getaddrinfo = _answer
"""


def environment(url, folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and not k.lower().endswith("_proxy")}
    env.update(AWS_ENDPOINT_URL=url, AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION,
               AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true", HOME=folder, PYTHONPATH=folder)
    return env


def timed(command, env):
    """Wall clock and CPU seconds of a process and its children."""
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return (wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done


def run_bucketlid(program, env):
    seconds, done = timed([program, "scan", "--objects", "all", "-o", "jsonl", "--no-progress"], env)
    if done.returncode != 0:
        sys.exit("bucketlid: " + done.stderr)
    verdicts = {}
    order = ["public", "network", "held", "shared"]
    for line in done.stdout.splitlines():
        a = json.loads(line).get("alert")
        if not a or a["kind"] not in ("public", "latent", "shared"):
            continue
        v = "shared" if a["kind"] == "shared" else "held" if a["state"] == "blocked" else "network" if a["audience"] == "network" else "public"
        old = verdicts.get(a["bucket"])
        if old is None or order.index(v) < order.index(old):
            verdicts[a["bucket"]] = v
    return seconds, verdicts


# The checks of Prowler that give a verdict on exposure, by what they say when
# they fail. Those that ask whether a guard is on are not verdicts on exposure.
PUBLIC = ["s3_bucket_public_access", "s3_bucket_public_list_acl", "s3_bucket_public_write_acl", "s3_bucket_policy_public_write_access", "s3_bucket_object_public"]
SHARED = ["s3_bucket_cross_account_access"]
GUARDS = ["s3_bucket_level_public_access_block", "s3_access_point_public_access_block", "s3_account_level_public_access_blocks"]


def run_prowler(program, env, folder, config, name):
    command = [program, "aws", "-f", REGION, "-M", "json-ocsf", "-o", folder, "-F", name, "--ignore-exit-code-3", "--no-banner", "--no-color",
               "--config-file", config, "--check", *PUBLIC, *SHARED, *GUARDS]
    seconds, done = timed(command, env)
    failed = {}
    for path in glob.glob(os.path.join(folder, name + "*.json")):
        with open(path) as f:
            for finding in json.load(f):
                if finding["status_code"] == "FAIL":
                    for resource in finding["resources"]:
                        bucket = resource["name"].removeprefix("ap-")
                        failed.setdefault(bucket, set()).add(finding["metadata"]["event_code"])
    if not failed:
        sys.exit("prowler found nothing: " + (done.stdout + done.stderr)[-2000:])
    return seconds, failed


def verdict_of_prowler(failed):
    if failed & set(PUBLIC):
        return "public"
    return "shared" if failed & set(SHARED) else "not public"


def right(truth, verdict):
    """A tool that knows no word for held or network is right to call it not public."""
    return verdict == truth or verdict in (None, "not public") and truth in ("private", "held", "network")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--bucketlid", required=True)
    p.add_argument("--prowler", required=True, help="the program of its virtual environment")
    p.add_argument("--moto", required=True, help="moto_server")
    p.add_argument("--more", type=int, default=0, help="empty buckets beside the cases, for the clock")
    p.add_argument("--runs", type=int, default=1, help="runs of each; the median counts")
    args = p.parse_args()
    server, url = start_moto(args.moto)
    try:
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "sitecustomize.py"), "w") as f:
                f.write(RESOLVE)
            exec(RESOLVE, {})  # for the clients of this program
            open_buckets(url, args.more)
            report(args, folder, environment(url, folder))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def report(args, folder, env):
    config = os.path.join(folder, "prowler.yaml")
    with open(config, "w") as f:  # all objects of a bucket, as bucketlid is told too
        f.write("aws:\n  s3_bucket_object_public_enabled: True\n  s3_bucket_object_public_max_objects: 1000\n  s3_bucket_object_public_sample_size: 1000\n")
    ours, theirs = [], []
    for i in range(args.runs):
        seconds, found = run_bucketlid(args.bucketlid, env)
        ours.append(seconds)
        seconds, failed = run_prowler(args.prowler, env, folder, config, f"run{i}")
        theirs.append(seconds)
    versions = [subprocess.run(c, env=env, capture_output=True, text=True).stdout.strip().splitlines()[0] for c in ([args.bucketlid, "version"], [args.prowler, "--version"])]
    print(f"{versions[0]}; {versions[1]}\n")
    print("| opened by | AWS | bucketlid | Prowler | its failed checks |\n| --- | --- | --- | --- | --- |")
    score = [0, 0]
    for name, (title, truth, _) in zip(names(), CASES):
        mine, its = found.get(name), verdict_of_prowler(failed.get(name, set()))
        marks = [right(truth, mine), right(truth, its)]
        score = [a + b for a, b in zip(score, marks)]
        wrong = ["" if ok else " ✗" for ok in marks]
        checks = ", ".join(sorted(failed.get(name, set()) & set(PUBLIC + SHARED))) or "none"
        print(f"| {title.replace('|', '')} | {truth} | {mine or 'private'}{wrong[0]} | {its}{wrong[1]} | {checks} |")
    print(f"\nRight: bucketlid {score[0]} of {len(CASES)}, Prowler {score[1]} of {len(CASES)}.")
    print(f"\n{len(CASES) + args.more} buckets, median of {args.runs} run{'s' if args.runs > 1 else ''}:\n\n| | wall clock | CPU |\n| --- | ---: | ---: |")
    for name, list_ in (("bucketlid scan --objects all", ours), ("Prowler, 9 checks", theirs)):
        wall, cpu = (sorted(one)[len(list_) // 2] for one in zip(*list_))
        print(f"| {name} | {wall:.1f} s | {cpu:.1f} s |")


main()
