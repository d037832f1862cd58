// SPDX-License-Identifier: Apache-2.0

package gentrail

import "strings"

// tale is who does what where, for several calls in a row.
type tale struct {
	company *company
	by      *actor
	home    *home
	bucket  string
	key     string
	address string
	agent   string
	calls   *[]Call
}

// s3ConsoleAgent is what S3 logs for calls that its console makes for people.
const s3ConsoleAgent = "S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.787 Linux/5.10.238-208.953.amzn2int.x86_64 OpenJDK_64-Bit_Server_VM/25.452-b09 java/1.8.0_452 vendor/Oracle_Corporation cfg/retry-mode/standard"

func (c *company) tale(name string, h *home, bucket, address string) *tale {
	t := &tale{company: c, by: c.cast[name].actors[h], home: h, bucket: bucket, address: address, calls: new([]Call)}
	if t.by.console {
		t.agent = s3ConsoleAgent
	}
	return t
}

// with is the same tale told by somebody else.
func (t *tale) with(by *actor, address, agent string) *tale {
	other := *t
	other.by, other.address, other.agent = by, address, agent
	return &other
}

// on is the same tale about an object.
func (t *tale) on(key string) *tale {
	other := *t
	other.key = key
	return &other
}

// do makes a call that succeeds.
func (t *tale) do(when, name, params string) Call {
	return t.call(when, calling{name: name, params: params})
}

// refused makes a call that fails.
func (t *tale) refused(when, name, params, code, message string) Call {
	return t.call(when, calling{name: name, params: params, code: code, message: message})
}

func (t *tale) call(when string, k calling) Call {
	k.address, k.agent = t.address, t.agent
	s := scene{random: t.company.random, at: moment(when), account: t.home.id, region: companyRegion, bucket: t.bucket, key: t.key, other: partnerAnalytics}
	e := k.event(&s, t.by)
	if t.by.account == "anonymous" || t.by.kind == "AWSAccount" {
		e.shared = t.company.random.uuid()
	}
	t.company.take(e)
	call := e.call()
	*t.calls = append(*t.calls, call)
	return call
}

// tell adds an incident to the ground truth.
func (t *tale) tell(in Incident) {
	in.Account, in.Region, in.Bucket = t.home.id, companyRegion, t.bucket
	in.Calls = *t.calls
	t.company.found = append(t.company.found, in)
}

func openFrom(opened Call) []Window { return []Window{{Opened: opened.EventTime, OpenedBy: opened}} }

func openUntil(opened, closed Call) []Window {
	return []Window{{Opened: opened.EventTime, OpenedBy: opened, Closed: closed.EventTime, ClosedBy: &closed}}
}

// stories plants the week's incidents.
func (c *company) stories() {
	c.accountChecked()
	c.charitySite()
	c.kopsState()
	c.menuFeed()
	c.partnerShare()
	c.shareTakenBack()
	c.supplierDocs()
	c.harmless()
}

// accountChecked shows that production has no Block Public Access of its own,
// as somebody of the security team looks.
func (c *company) accountChecked() {
	t := c.tale("priya.raman", c.prod, "", whitby[0])
	t.call("03 09:05:12", calling{name: "GetAccountPublicAccessBlock", params: `{"Host":"$acct$.s3-control.` + companyRegion + `.amazonaws.com","publicAccessBlock":""}`,
		code: "NoSuchPublicAccessBlockConfiguration", message: "The public access block configuration was not found"})
}

// charitySite: a website for a charity evening, made and taken down on one day
// from the office. It was a test.
func (c *company) charitySite() {
	t := c.tale("maya.okafor", c.dev, "lanternfest-charity.example", whitby[0])
	page := t.on("index.html")
	t.do("04 08:42:10", "CreateBucket", bucketParams(`"x-amz-object-ownership":"BucketOwnerEnforced"$location$`))
	t.do("04 08:42:11", "GetBucketVersioning", bucketParams(`"versioning":""`))
	unblock := t.do("04 08:44:03", "PutBucketPublicAccessBlock", bucketParams(allOff))
	owner := t.do("04 08:44:41", "PutBucketOwnershipControls", bucketParams(ownership("ObjectWriter")))
	t.do("04 08:47:26", "PutBucketWebsite", bucketParams(`"website":"","WebsiteConfiguration":{`+xmlns+`,"IndexDocument":{"Suffix":"index.html"},"ErrorDocument":{"Key":"error.html"}}`))
	opened := t.do("04 08:51:55", "PutBucketAcl", bucketParams(cannedACL("public-read")))
	put := page.do("04 08:58:30", "PutObject", objectParams(`,"x-amz-acl":"public-read","Content-Type":"text/html","x-amz-storage-class":"STANDARD"`))
	t.do("04 08:59:02", "GetBucketWebsite", bucketParams(`"website":""`))
	visitor := page.with(anonymous(), whitby[0], consoleAgents[0])
	visitor.call("04 09:00:14", calling{name: "GetObject", params: objectParams(""), answer: 5127, aclRequired: true})
	visitor.call("04 09:16:40", calling{name: "GetObject", params: objectParams(""), answer: 5127, aclRequired: true})
	t.do("04 09:31:08", "PutBucketCors", bucketParams(`"cors":"","CORSConfiguration":{`+xmlns+`,"CORSRule":{"AllowedOrigin":"https://lighthousefoods.example","AllowedMethod":"GET"}}`))
	t.do("04 10:12:47", "PutBucketVersioning", bucketParams(`"versioning":"","VersioningConfiguration":{`+xmlns+`,"Status":"Suspended"}`))
	visitor.call("04 11:02:19", calling{name: "GetObject", params: objectParams(""), answer: 5127, aclRequired: true})
	gone := page.do("04 14:17:50", "DeleteObject", objectParams(""))
	closed := t.do("04 14:18:33", "DeleteBucket", bucketParams(""))
	t.tell(Incident{ID: "charity-site", Title: "A DevOps engineer tries out a public website and deletes it the same day",
		Kind: "public", Route: "bucket-acl", Audience: "anyone", Access: []string{"list"}, Windows: openUntil(opened, closed), Event: opened})
	t.calls = &[]Call{unblock, owner, put, gone}
	t.tell(Incident{ID: "charity-page", Title: "The page of that website, uploaded public", Key: page.key,
		Kind: "public", Route: "object-acl", Audience: "anyone", Access: []string{"read"}, Windows: openUntil(put, gone), Event: put})
}

// kopsState: the state of the production cluster is opened at night by an IAM
// user from a VPN, stays open, and is found within minutes.
func (c *company) kopsState() {
	t := c.tale("rowan.blake", c.prod, "kops-state-prod", vpnAddress)
	t.agent = "aws-cli/1.22.34 Python/3.10.12 Linux/5.15.0-91-generic botocore/1.23.34"
	secret := t.on("prod.lighthousefoods.example/secrets/kube-admin.json")
	c.kopsWork(t)
	t.with(scanners[0], "192.0.2.14", scannerAgents[0]).refused("04 19:22:05", "HeadBucket", bucketParams(""), "AccessDenied", "Access Denied")
	elsewhere := *t
	elsewhere.bucket = ""
	elsewhere.do("06 01:08:44", "ListBuckets", `{"Host":"s3.`+companyRegion+`.amazonaws.com"}`)
	t.do("06 01:09:31", "GetBucketAcl", bucketParams(`"acl":""`))
	t.do("06 01:09:52", "GetBucketPublicAccessBlock", bucketParams(`"publicAccessBlock":""`))
	t.refused("06 01:10:37", "PutBucketAcl", bucketParams(cannedACL("public-read")), "AccessDenied", textBlockedACL)
	t.do("06 01:12:02", "PutBucketPublicAccessBlock", bucketParams(allOff))
	t.do("06 01:12:40", "PutBucketOwnershipControls", bucketParams(ownership("ObjectWriter")))
	opened := t.do("06 01:13:18", "PutBucketAcl", bucketParams(aclBody(`[`+ownerGrant+`,`+groupGrant("global/AllUsers", "READ")+`]`)))
	object := secret.do("06 01:15:56", "PutObjectAcl", objectParams(`,`+aclBody(`[`+ownerGrant+`,`+groupGrant("global/AllUsers", "READ")+`]`)))
	c.kopsStrangers(t, secret)
	t.tell(Incident{ID: "kops-state", Title: "At night, from a VPN, a contractor's user lets anyone list the cluster's state; it is still open",
		Kind: "public", Route: "bucket-acl", Audience: "anyone", Access: []string{"list"}, Windows: openFrom(opened), Event: opened, Also: []string{"attempt"}})
	t.calls = &[]Call{object}
	t.tell(Incident{ID: "kops-secret", Title: "The same user opens the cluster's admin secret", Key: secret.key,
		Kind: "public", Route: "object-acl", Audience: "anyone", Access: []string{"read"}, Windows: openFrom(object), Event: object})
}

// kopsWork is the ordinary use of the bucket: the cluster reads its state.
func (c *company) kopsWork(t *tale) {
	node := instance(c.prod.id, "control-plane.prod", "i-0c1d2e3f4a5b6c7d8").uses(vpcAddresses[2:3], nodeAgents[:1])
	work := t.with(node, vpcAddresses[2], nodeAgents[0])
	work.calls = &[]Call{}
	for _, day := range []string{"03", "04", "05", "06", "07"} {
		for _, hour := range []string{"02:31:07", "08:31:09", "14:31:04", "20:31:12"} {
			work.on("prod.lighthousefoods.example/cluster.spec").call(day+" "+hour, calling{name: "GetObject", params: objectParams(""), answer: 7414})
		}
	}
}

// kopsStrangers is who comes once the bucket is open.
func (c *company) kopsStrangers(t, secret *tale) {
	visits := []struct{ when, address, agent, name, key string }{
		{"06 01:14:16", vpnAddress, "curl/8.5.0", "ListObjects", ""},
		{"06 01:16:20", vpnAddress, "curl/8.5.0", "GetObject", secret.key},
		{"06 01:41:55", "192.0.2.14", scannerAgents[0], "HeadBucket", ""},
		{"06 01:41:57", "192.0.2.14", scannerAgents[0], "ListObjects", ""},
		{"06 04:03:30", "192.0.2.201", scannerAgents[3], "ListObjects", ""},
		{"06 04:03:34", "192.0.2.201", scannerAgents[3], "GetObject", "prod.lighthousefoods.example/cluster.spec"},
		{"06 04:03:36", "192.0.2.201", scannerAgents[3], "GetObject", secret.key},
		{"06 09:27:11", "2001:db8:5ca:1::17", scannerAgents[0], "ListObjects", ""},
		{"06 18:50:02", "192.0.2.99", scannerAgents[1], "HeadBucket", ""},
		{"06 18:50:03", "192.0.2.99", scannerAgents[1], "ListObjects", ""},
		{"07 02:12:48", "192.0.2.201", scannerAgents[3], "ListObjects", ""},
		{"07 02:12:59", "192.0.2.201", scannerAgents[3], "GetObject", secret.key},
		{"07 15:35:20", "2001:db8:5ca:1::17", scannerAgents[0], "ListObjects", ""},
	}
	for _, v := range visits {
		visitor := t.on(v.key).with(anonymous(), v.address, v.agent)
		switch {
		case v.name == "GetObject" && v.key != secret.key:
			visitor.refused(v.when, v.name, objectParams(""), "AccessDenied", "Access Denied")
		case v.name == "GetObject":
			visitor.call(v.when, calling{name: v.name, params: objectParams(""), answer: 3188, aclRequired: true})
		case v.name == "ListObjects":
			visitor.call(v.when, calling{name: v.name, params: bucketParams(`"list-type":"2"`), answer: 9310, aclRequired: true})
		default:
			visitor.call(v.when, calling{name: v.name, params: bucketParams(""), aclRequired: true})
		}
	}
	signed := foreign(strangersAccount, exampleID("AIDA", strangersAccount+"x", 17))
	t.with(signed, "192.0.2.150", scannerAgents[1]).call("07 06:44:29", calling{name: "ListObjects", params: bucketParams(`"list-type":"2"`), answer: 9310, aclRequired: true})
	t.on("readme.txt").with(anonymous(), "192.0.2.201", scannerAgents[3]).refused("07 02:13:20", "PutObject", objectParams(""), "AccessDenied", "Access Denied")
}

// menuFeed: a refused public policy, the guard taken away, the policy again,
// and a colleague who closes it.
func (c *company) menuFeed() {
	t := c.tale("joana.ferreira", c.prod, "lh-menu-feed", porto[0])
	policy := bucketParams(policyBody(statementPublicRead))
	t.refused("05 14:02:17", "PutBucketPolicy", policy, "AccessDenied", strings.Replace(textBlockedPolicy, "User is", "User: "+t.by.arn+" is", 1))
	t.do("05 14:05:48", "GetBucketPublicAccessBlock", bucketParams(`"publicAccessBlock":""`))
	t.do("05 14:06:30", "DeleteBucketPublicAccessBlock", bucketParams(`"publicAccessBlock":""`))
	opened := t.do("05 14:07:09", "PutBucketPolicy", policy)
	t.on("feed/today.json").with(anonymous(), "198.51.100.201", "python-requests/2.32.4").call("05 14:20:31", calling{name: "GetObject", params: objectParams(""), answer: 15220})
	colleague := c.tale("priya.raman", c.prod, t.bucket, whitby[1])
	colleague.calls = t.calls
	closed := colleague.do("05 14:33:12", "PutBucketPublicAccessBlock", bucketParams(allOn))
	colleague.do("05 14:33:58", "GetBucketPublicAccessBlock", bucketParams(`"publicAccessBlock":""`))
	t.tell(Incident{ID: "menu-feed", Title: "A public policy is refused, Block Public Access removed, the policy put again; a colleague closes it after 26 minutes",
		Also: []string{"attempt"}, Kind: "public", Route: "bucket-policy", Audience: "anyone", Access: []string{"read"}, Windows: openUntil(opened, closed), Event: opened})
}

// partnerShare: customers' data is shared with a partner's account, and nobody
// takes it back.
func (c *company) partnerShare() {
	t := c.tale("hanna.vogel", c.prod, "lh-loyalty-exports", porto[1])
	opened := t.do("06 13:20:26", "PutBucketPolicy", bucketParams(policyBody(statementForeign)))
	partner := foreign(partnerAnalytics, exampleID("AROA", partnerAnalytics+"loader", 17)+":nightly-load").uses([]string{"198.51.100.220"}, botoAgents)
	for i, when := range []string{"06 22:00:04", "06 22:00:09", "06 22:00:11", "07 22:00:05"} {
		t.on("exports/2026/loyalty/part-"+string(rune('0'+i))+".parquet").with(partner, "198.51.100.220", botoAgents[0]).
			call(when, calling{name: "GetObject", params: objectParams(""), answer: 88000})
	}
	t.tell(Incident{ID: "partner-share", Title: "An analyst shares loyalty exports with a partner's account; still shared",
		Kind: "shared", Route: "bucket-policy", Audience: "account", Access: []string{"list", "read"}, Windows: openFrom(opened), Event: opened})
}

// shareTakenBack: the same for a supplier, taken back after forty minutes.
func (c *company) shareTakenBack() {
	t := c.tale("tomas.lindqvist", c.dev, "lh-label-firmware", porto[0])
	statement := strings.ReplaceAll(statementForeign, "$other$", partnerFirmware)
	opened := t.do("03 12:11:39", "PutBucketPolicy", bucketParams(policyBody(statement)))
	closed := t.do("03 12:51:02", "DeleteBucketPolicy", bucketParams(`"policy":""`))
	t.tell(Incident{ID: "firmware-share", Title: "A platform lead shares a bucket with a supplier's account and takes it back after 40 minutes",
		Kind: "shared", Route: "bucket-policy", Audience: "account", Access: []string{"list", "read"}, Windows: openUntil(opened, closed), Event: opened})
}

// supplierDocs: "Authenticated users" taken for one's own staff. Nothing else
// about the bucket is in the trail, so its guards are unknown.
func (c *company) supplierDocs() {
	t := c.tale("ellie.marsh", c.dev, "lh-supplier-docs", c.cast["ellie.marsh"].home[0])
	opened := t.do("06 10:37:45", "PutBucketAcl", bucketParams(cannedACL("authenticated-read")))
	t.tell(Incident{ID: "supplier-docs", Title: "A developer grants Authenticated users, which is every AWS account; the bucket's guards were never seen",
		Kind: "public", Route: "bucket-acl", Audience: "any-aws-account", Access: []string{"list"}, Windows: openFrom(opened), Event: opened})
}
