// SPDX-License-Identifier: Apache-2.0

package gentrail

// harmless plants near misses: calls that look like an exposure to a reader of
// strings, and are none.
func (c *company) harmless() {
	builder := c.dev.builds[0]
	near := func(t *tale, id, title string, event Call) {
		t.tell(Incident{ID: id, Title: title, Kind: "none", Event: event})
	}

	t := c.tale("samir.haddad", c.prod, "lh-edge-access-logs", whitby[1])
	near(t, "log-delivery", "Grants to the log delivery group, which is not the public", t.do("03 15:48:20", "PutBucketAcl",
		bucketParams(aclBody(`[`+ownerGrant+`,`+groupGrant("s3/LogDelivery", "WRITE")+`,`+groupGrant("s3/LogDelivery", "READ_ACP")+`]`))))

	t = c.tale("priya.raman", c.prod, "lh-payroll", whitby[0])
	near(t, "deny-star", "A policy that names everyone in order to deny", t.do("05 09:14:02", "PutBucketPolicy", bucketParams(policyBody(
		`{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::$bucket$","arn:aws:s3:::$bucket$/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`))))

	t = c.tale("maya.okafor", c.prod, "lh-web-assets", whitby[0]).with(c.prod.builds[0], ciAddresses[0], terraformAgent[0])
	near(t, "cloudfront", "A policy for one CloudFront distribution", t.do("06 10:22:51", "PutBucketPolicy", bucketParams(policyBody(
		`{"Sid":"Cdn","Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::$bucket$/*","Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::$acct$:distribution/EDFDVBD6EXAMPLE"}}}`))))

	t = c.tale("maya.okafor", c.dev, "lh-preview-builds", whitby[0]).with(builder, ciAddresses[1], terraformAgent[0])
	created := t.do("05 11:03:40", "CreateBucket", bucketParams(`"x-amz-acl":"private"$location$`))
	t.do("05 11:03:42", "PutBucketPublicAccessBlock", bucketParams(allOn))
	near(t, "private-bucket", "A bucket made by Terraform with a private ACL and all blocks on", created)

	t = c.tale("oliver.byrne", c.prod, "lh-test-fixtures", whitby[0])
	near(t, "denied-policy", "A harmless policy refused for want of rights", t.refused("06 14:29:33", "PutBucketPolicy", bucketParams(policyBody(
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$acct$:role/orders-worker"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::$bucket$/*"}`)),
		"AccessDenied", `User is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::$bucket$\" because no identity-based policy allows the s3:PutBucketPolicy action`))
}
