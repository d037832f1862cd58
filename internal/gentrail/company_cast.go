// SPDX-License-Identifier: Apache-2.0

package gentrail

// person is one of the company's people or contractors.
type person struct {
	name    string
	actors  map[*home]*actor
	office  []string
	home    []string // addresses on days at home
	menu    []string // services they look at
	account int      // per mille of the work that happens in production
	bursts  int      // stretches of work on a day
	atHome  int      // days of the week at home, as bits from Monday
}

const (
	prodAccount = "111122223333"
	devAccount  = "222233334444"
	logAccount  = "333344445555"

	partnerAnalytics = "999988887777" // Brightfork Analytics, a partner
	partnerFirmware  = "888800001111" // a maker of label printers
	strangersAccount = "666600001234" // nobody that the company knows

	companyRegion = "eu-west-1"
	mailDomain    = "@lighthousefoods.example"
	vpnAddress    = "192.0.2.77" // an exit of a commercial VPN
)

var (
	whitby = []string{"203.0.113.24", "203.0.113.25"}
	porto  = []string{"198.51.100.32", "198.51.100.33"}
)

func newCompany() *company {
	c := &company{random: newRandom(companySeed), cast: map[string]*person{}}
	c.world = &world{regions: []string{regionList[0], companyRegion}, rows: map[bool]*menu{true: newMenu(true)}}
	c.maker = maker{world: c.world}
	c.prod = c.account(prodAccount, "lh-orders-prod", "lh-recipes-prod", "lh-media-prod", "lh-warehouse-prod", "lh-invoices-prod")
	c.dev = c.account(devAccount, "lh-orders-dev", "lh-recipes-dev", "lh-ci-artifacts", "lh-sandbox")
	c.logs = c.account(logAccount, "lh-config-history", "lh-billing-reports")
	c.hire()
	return c
}

// account makes one of the company's accounts with its machines and pipelines.
func (c *company) account(id string, buckets ...string) *home {
	h := &home{id: id, buckets: buckets, logs: "lh-audit-logs", root: rootUser(id).uses(whitby[:1], consoleAgents[:1])}
	h.builds = []*actor{pipeline(id, "gha-deploy", "GitHubActions").uses(ciAddresses[:2], terraformAgent)}
	for i, word := range []string{"orders", "billing", "inventory", "media"} {
		s := scene{random: newRandom(uint64(i)), account: id, region: companyRegion}
		h.nodes = append(h.nodes,
			assumedRole(id, "/", word+"-worker", word+"-worker", "", "").uses(vpcAddresses[i:i+1], nodeAgents[:1]),
			instance(id, word+"-node", string(appendFixed(nil, "i-0", &s, 96))).uses(vpcAddresses[i%2:i%2+1], nodeAgents[1:]))
	}
	c.world.accounts = append(c.world.accounts, h)
	return h
}

// hire fills the cast.
func (c *company) hire() {
	engineer := []string{"ec2", "iam", "sts", "s3", "lambda", "logs", "monitoring", "cloudformation", "rds", "eks", "kms", "ssm"}
	coder := []string{"lambda", "logs", "monitoring", "s3", "cloudformation", "secretsmanager", "rds"}
	c.sso("maya.okafor", "PlatformEngineer", whitby, "198.51.100.130", engineer, 350, 4, 0)
	c.sso("tomas.lindqvist", "PlatformEngineer", porto, "2001:db8:41::7", engineer, 600, 3, 0b10000)
	c.sso("samir.haddad", "PlatformEngineer", whitby, "198.51.100.131", engineer, 700, 4, 0b00100)
	c.sso("priya.raman", "SecurityEngineer", whitby, "198.51.100.132", []string{"iam", "cloudtrail", "guardduty", "s3", "kms", "ec2", "config"}, 600, 3, 0b00010)
	c.sso("daniel.costa", "Developer", porto, "198.51.100.133", coder, 200, 3, 0b10010)
	c.sso("joana.ferreira", "Developer", porto, "198.51.100.134", coder, 400, 3, 0b00001)
	c.sso("ellie.marsh", "Developer", whitby, "2001:db8:42::19", coder, 400, 3, 0b01000)
	c.sso("oliver.byrne", "Developer", whitby, "198.51.100.135", coder, 100, 3, 0b10001)
	c.sso("hanna.vogel", "DataAnalyst", porto, "198.51.100.136", []string{"s3", "logs", "ce", "kms"}, 900, 2, 0b00100)
	c.sso("greta.nilsen", "Finance", whitby, "198.51.100.137", []string{"ce", "health"}, 1000, 1, 0)
	c.user("kenji.sato", whitby, "198.51.100.138", []string{"ec2", "rds", "ssm", "s3", "monitoring"}, 3)
	c.user("rowan.blake", []string{"198.51.100.141"}, "198.51.100.141", []string{"ec2", "eks", "ecs", "s3", "autoscaling"}, 2)
}

func (c *company) sso(name, set string, office []string, athome string, menu []string, inProd, bursts, atHome int) {
	p := &person{name: name, actors: map[*home]*actor{}, office: office, home: []string{athome}, menu: menu, account: inProd, bursts: bursts, atHome: atHome}
	for _, h := range c.world.accounts {
		p.actors[h] = ssoUser(h.id, set, name+mailDomain).uses(office, consoleAgents[len(c.cast)%2:])
	}
	c.cast[name] = p
}

// user adds somebody who still has an IAM user, in production.
func (c *company) user(name string, office []string, athome string, menu []string, bursts int) {
	a := iamUser(c.prod.id, name).uses(office, cliAgents)
	c.cast[name] = &person{name: name, actors: map[*home]*actor{c.prod: a}, office: office, home: []string{athome}, menu: menu, account: 1000, bursts: bursts}
}
