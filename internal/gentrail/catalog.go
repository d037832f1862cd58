// SPDX-License-Identifier: Apache-2.0

package gentrail

import "slices"

// row is one kind of ordinary call. The catalog follows the mix of services
// and the sizes measured on public CloudTrail data.
type row struct {
	source    string // eventSource without ".amazonaws.com"
	name      string
	weight    int
	who       callers
	by        string // the AWS service that calls, for callers = services
	readOnly  bool
	global    bool // logged in us-east-1 only
	params    string
	response  string
	resources string
	details   string
	fails     []failure
}

// failure is an error that a call ends with now and then.
type failure struct {
	perMille      int
	code, message string
}

// callers says which identities make a call.
type callers uint8

const (
	people callers = 1 << iota
	pipelines
	machines
	services
	serviceEvents // eventType AwsServiceEvent: no caller at all
	outsiders     // anonymous requests, all refused
)

var (
	throttled    = failure{14, "Client.RequestLimitExceeded", "Request limit exceeded."}
	unauthorized = failure{6, "Client.UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:aws:sts::$acct$:assumed-role/ReadOnly/session is not authorized to perform this operation because no identity-based policy allows the ec2 action"}
	denied       = failure{8, "AccessDenied", "User is not authorized to perform this action because no identity-based policy allows it"}
	throttling   = failure{12, "ThrottlingException", "Rate exceeded"}
)

// ordinaryWeight makes near misses rare: one among some four thousand records.
const ordinaryWeight = 12

// catalog is every ordinary call: computing, identity, storage, near misses.
func catalog() []row {
	rows := slices.Concat(computeRows, identityRows, storageRows)
	for i := range rows {
		rows[i].weight *= ordinaryWeight
	}
	return append(rows, nearMisses...)
}

var computeRows = []row{
	{source: "ec2", name: "DescribeInstances", weight: 70, who: people | pipelines | machines, readOnly: true, fails: []failure{throttled, unauthorized},
		params: `{"instancesSet":{"items":[{"instanceId":"$inst$"}]},"filterSet":{}}`},
	{source: "ec2", name: "DescribeRouteTables", weight: 55, who: people | pipelines, readOnly: true, fails: []failure{throttled},
		params: `{"routeTableIdSet":{},"filterSet":{"items":[{"name":"association.subnet-id","valueSet":{"items":[{"value":"$subnet$"}]}}]}}`},
	{source: "ec2", name: "DescribeSecurityGroups", weight: 34, who: people | pipelines | machines, readOnly: true, fails: []failure{throttled, unauthorized},
		params: `{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"$group$"}]},"filterSet":{}}`},
	{source: "ec2", name: "DescribeSubnets", weight: 30, who: people | pipelines, readOnly: true, fails: []failure{throttled},
		params: `{"subnetSet":{"items":[{"subnetId":"$subnet$"}]},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"$vpc$"}]}}]}}`},
	{source: "ec2", name: "DescribeVpcs", weight: 22, who: people | pipelines, readOnly: true,
		params: `{"vpcSet":{"items":[{"vpcId":"$vpc$"}]},"filterSet":{}}`},
	{source: "ec2", name: "DescribeVolumes", weight: 18, who: people | machines, readOnly: true,
		params: `{"volumeSet":{"items":[{"volumeId":"$volume$"}]},"filterSet":{}}`},
	{source: "ec2", name: "DescribeNetworkInterfaces", weight: 24, who: people | machines, readOnly: true,
		params: `{"networkInterfaceIdSet":{},"filterSet":{"items":[{"name":"attachment.instance-id","valueSet":{"items":[{"value":"$inst$"}]}}]}}`},
	{source: "ec2", name: "DescribeTags", weight: 20, who: machines, readOnly: true,
		params: `{"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"$inst$"}]}}]}}`},
	{source: "ec2", name: "DescribeRegions", weight: 8, who: people, readOnly: true, params: `{"regionSet":{},"allRegions":true}`},
	{source: "ec2", name: "CreateTags", weight: 6, who: pipelines,
		params: `{"resourcesSet":{"items":[{"resourceId":"$inst$"}]},"tagSet":{"items":[{"key":"service","value":"$word$"}]}}`, response: `{"requestId":"$uuid$","_return":true}`},
	{source: "ec2", name: "CreateVolume", weight: 3, who: pipelines | machines, params: `{"size":"40","zone":"$region$a","volumeType":"gp3","encrypted":true}`,
		response: `{"requestId":"$uuid$","volumeId":"$volume$","size":"40","zone":"$region$a","status":"creating","createTime":"$time$","volumeType":"gp3","iops":3000,"encrypted":true,"tagSet":{},"multiAttachEnabled":false,"throughput":125}`},
	{source: "ec2", name: "RunInstances", weight: 2, who: pipelines, fails: []failure{{30, "Client.InsufficientInstanceCapacity", "There is no capacity in the zone that was asked for."}},
		params:   `{"instancesSet":{"items":[{"imageId":"ami-0a1b2c3d4e5f60718","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","blockDeviceMapping":{},"monitoring":{"enabled":false},"disableApiTermination":false,"subnetId":"$subnet$","iamInstanceProfile":{"name":"$word$-node"},"groupSet":{"items":[{"groupId":"$group$"}]}}`,
		response: `{"requestId":"$uuid$","reservationId":"r-0$hex8$$hex8$","ownerId":"$acct$","groupSet":{},"instancesSet":{"items":[{"instanceId":"$inst$","imageId":"ami-0a1b2c3d4e5f60718","instanceState":{"code":0,"name":"pending"},"instanceType":"m7g.large","launchTime":1770000000000,"placement":{"availabilityZone":"$region$a","tenancy":"default"},"subnetId":"$subnet$","vpcId":"$vpc$","privateIpAddress":"10.20.4.$n$"}]}}`},
	{source: "ec2", name: "DescribeInstanceStatus", weight: 14, who: machines | pipelines, readOnly: true,
		params: `{"instancesSet":{"items":[{"instanceId":"$inst$"}]},"filterSet":{},"includeAllInstances":true}`},
	{source: "autoscaling", name: "DescribeAutoScalingGroups", weight: 16, who: machines | pipelines, readOnly: true, fails: []failure{throttling},
		params: `{"autoScalingGroupNames":["$word$-workers"],"maxRecords":100}`},
	{source: "elasticloadbalancing", name: "DescribeTargetHealth", weight: 18, who: machines | pipelines, readOnly: true,
		params: `{"targetGroupArn":"arn:aws:elasticloadbalancing:$region$:$acct$:targetgroup/$word$/0123456789abcdef"}`},
	{source: "lambda", name: "GetFunction20150331v2", weight: 14, who: pipelines | people, readOnly: true, fails: []failure{{25, "ResourceNotFoundException", "Function not found"}},
		params: `{"functionName":"arn:aws:lambda:$region$:$acct$:function:$word$-worker"}`},
	{source: "lambda", name: "UpdateFunctionCode20150331v2", weight: 3, who: pipelines,
		params:   `{"functionName":"$word$-worker","s3Bucket":"$bucket$","s3Key":"builds/$hex8$.zip","publish":true,"dryRun":false}`,
		response: `{"functionName":"$word$-worker","functionArn":"arn:aws:lambda:$region$:$acct$:function:$word$-worker","runtime":"python3.13","role":"arn:aws:iam::$acct$:role/$word$-worker","handler":"app.handler","codeSize":1048576,"timeout":30,"memorySize":512,"lastModified":"$time$","codeSha256":"$id2$","version":"$n$","state":"Active","packageType":"Zip","architectures":["arm64"]}`},
	{source: "lambda", name: "ListFunctions20150331", weight: 6, who: people, readOnly: true, params: `{"maxItems":50}`},
	{source: "logs", name: "CreateLogStream", weight: 36, who: machines, params: `{"logGroupName":"/aws/lambda/$word$-worker","logStreamName":"[latest]$hex8$$hex8$"}`},
	{source: "logs", name: "DescribeLogGroups", weight: 12, who: people | pipelines, readOnly: true, params: `{"logGroupNamePrefix":"/aws/lambda/$word$","limit":50}`},
	{source: "logs", name: "StartQuery", weight: 4, who: people, params: `{"logGroupNames":["/aws/lambda/$word$-worker"],"startTime":1770000000,"endTime":1770003600,"limit":1000}`,
		response: `{"queryId":"$uuid$"}`},
	{source: "monitoring", name: "DescribeAlarms", weight: 22, who: people | machines, readOnly: true, fails: []failure{throttling}, params: `{"maxRecords":100}`},
	{source: "rds", name: "DescribeDBInstances", weight: 24, who: people | pipelines | machines, readOnly: true,
		params: `{"dBInstanceIdentifier":"$word$-primary","includeShared":false}`},
	{source: "rds", name: "DescribeDBSnapshots", weight: 8, who: people | pipelines, readOnly: true, params: `{"dBInstanceIdentifier":"$word$-primary","snapshotType":"automated","includeShared":false,"includePublic":false}`},
	{source: "rds", name: "ModifyDBInstance", weight: 1, who: pipelines, params: `{"dBInstanceIdentifier":"$word$-primary","applyImmediately":false,"backupRetentionPeriod":14}`,
		response: `{"dBInstanceIdentifier":"$word$-primary","dBInstanceClass":"db.r7g.large","engine":"postgres","dBInstanceStatus":"available","allocatedStorage":200,"backupRetentionPeriod":14,"multiAZ":true,"engineVersion":"17.2","publiclyAccessible":false,"storageEncrypted":true,"dBInstanceArn":"arn:aws:rds:$region$:$acct$:db:$word$-primary"}`},
	{source: "ecs", name: "DescribeServices", weight: 20, who: machines | pipelines, readOnly: true, params: `{"cluster":"main","services":["$word$"]}`},
	{source: "ecr", name: "BatchGetImage", weight: 10, who: machines,
		params:    `{"repositoryName":"$word$","registryId":"$acct$","imageIds":[{"imageTag":"$hex8$"}],"acceptedMediaTypes":["application/vnd.docker.distribution.manifest.v2+json","application/vnd.oci.image.manifest.v1+json"]}`,
		resources: `[{"accountId":"$acct$","ARN":"arn:aws:ecr:$region$:$acct$:repository/$word$"}]`, readOnly: true},
	{source: "eks", name: "DescribeCluster", weight: 10, who: people | pipelines, readOnly: true, fails: []failure{denied}, params: `{"name":"main"}`},
	{source: "dynamodb", name: "DescribeTable", weight: 12, who: pipelines | machines, readOnly: true, params: `{"tableName":"$word$"}`,
		resources: `[{"accountId":"$acct$","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$region$:$acct$:table/$word$"}]`},
	{source: "cloudformation", name: "DescribeStacks", weight: 12, who: people | pipelines, readOnly: true, fails: []failure{{30, "ValidationException", "Stack does not exist"}}, params: `{"stackName":"$word$-stack"}`},
	{source: "health", name: "DescribeEventAggregates", weight: 10, who: people, readOnly: true, params: `{"filter":{"eventStatusCodes":["open","upcoming"]},"aggregateField":"eventTypeCategory"}`},
	{source: "health", name: "DescribeEventAggregates", weight: 1, who: services, by: "AWS Internal", readOnly: true, params: `{"filter":{"eventStatusCodes":["open"]},"aggregateField":"eventTypeCategory"}`},
}
