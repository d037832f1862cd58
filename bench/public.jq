# Prints the S3 calls of CloudTrail records that grant something to everybody,
# as far as one record can tell: no state, so neither guards nor ends.
# Usage: jq -c -f public.jq file.json
def list: if type == "array" then .[] elif . == null then empty else . end;
def world: type == "string" and test("acs\\.amazonaws\\.com/groups/global/(AllUsers|AuthenticatedUsers)");
def canned: [.["x-amz-acl"] | list] | any(. == "public-read" or . == "public-read-write" or . == "authenticated-read");
def body: [.AccessControlPolicy?.AccessControlList? | objects | .Grant | list | objects | .Grantee? | objects | .URI?] | any(world);
def headers:
  [(., (.accessControlList? | objects), (.AccessControlList? | objects)) | to_entries[]
   | select(.key | startswith("x-amz-grant-")) | .value | list] | any(world);
def star: . == "*" or ((type == "object") and ([.AWS | list] | any(. == "*")));
def policy:
  [.bucketPolicy? | objects | .Statement | list | objects
   | select(.Effect == "Allow" and (.Principal | star) and (.Condition == null))] | length > 0;
.Records[]
| select(.eventSource == "s3.amazonaws.com" and .readOnly != true and .errorCode == null)
| select(.requestParameters | type == "object" and (canned or body or headers or policy))
| {eventTime, eventName, eventID, bucket: .requestParameters.bucketName, by: (.userIdentity.arn // .userIdentity.accountId), sourceIPAddress}
