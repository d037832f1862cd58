// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"fmt"
)

// world is who and what there is: accounts with their people, machines and
// buckets, and the networks that people come from. It is built once and only
// read afterwards.
type world struct {
	accounts []*home
	regions  []string
	rows     map[bool]*menu // by "region is us-east-1"
	byRegion []int          // cumulative weights of regions
}

// home is one account.
type home struct {
	id      string
	people  []*actor
	builds  []*actor // pipelines
	nodes   []*actor // machines
	buckets []string
	logs    string // bucket of the trail
	root    *actor
}

// menu is the compiled catalog with cumulative weights.
type menu struct {
	rows  []*dish
	sums  []int
	total int
}

type dish struct {
	row
	paramsT, responseT, resourcesT, detailsT template
	failsT                                   []template
	service                                  *actor
}

var accountIDs = []string{"111122223333", "222233334444", "333344445555", "555566667777", "777788889999"}

// regionList is in order of use; us-east-1 comes first because global services
// log there.
var regionList = []string{"us-east-1", "eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-2", "ca-central-1", "sa-east-1"}
var regionWeights = []int{50, 36, 6, 4, 2, 1, 1}

// Networks. Offices leave by few addresses, homes by many.
var (
	officeAddresses = []string{"203.0.113.10", "203.0.113.11", "203.0.113.12", "198.51.100.20", "198.51.100.21"}
	ciAddresses     = []string{"203.0.113.200", "203.0.113.201", "203.0.113.202", "203.0.113.203"}
	vpcAddresses    = []string{"10.20.4.11", "10.20.4.57", "10.20.9.130", "10.31.0.8"}
)

// User agents as CloudTrail shows them; those of S3 stand in brackets.
var (
	consoleAgents = []string{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	cliAgents      = []string{"aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/macos#24.5.0 md/arch#arm64 lang/python#3.13.4 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe sid/5f3c9ab1d2e4 md/prompt#off md/command#s3api"}
	botoAgents     = []string{"Boto3/1.38.36 md/Botocore#1.38.46 ua/2.1 os/linux#6.1.141-155.222.amzn2023.aarch64 md/arch#aarch64 lang/python#3.13.4 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.38.46"}
	nodeAgents     = []string{"aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.24.4 md/GOOS#linux md/GOARCH#arm64 api/s3#1.83.0 m/E", "aws-sdk-java/2.31.70 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.141 lang/java#21.0.7 md/OpenJDK_64-Bit_Server_VM#21.0.7+6-LTS md/vendor#Amazon.com_Inc. md/en_US exec-env/AWS_ECS_FARGATE m/D"}
	terraformAgent = []string{"APN/1.0 HashiCorp/1.0 Terraform/1.12.2 (+https://www.terraform.io) terraform-provider-aws/6.0.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.24.4 md/GOOS#linux md/GOARCH#amd64"}
	scannerAgents  = []string{"Go-http-client/1.1", "Boto3/1.34.11 Python/3.11.2 Linux/6.1.0 Botocore/1.34.11", "curl/8.5.0", "python-requests/2.31.0"}
)

var scanners = []*actor{anonymous().uses([]string{"192.0.2.14", "192.0.2.99", "192.0.2.181", "2001:db8:5ca:1::17"}, scannerAgents)}

var givenNames = []string{"ada", "bruno", "carmen", "dmitri", "elif", "farid", "greta", "hugo", "ines", "jonas", "kaja", "liam",
	"mina", "nils", "olga", "pavel", "quinn", "rosa", "sven", "tara", "umar", "vera", "wim", "yara"}

func newWorld(c Config) *world {
	w := &world{regions: regionList[:min(c.Regions, len(regionList))], rows: map[bool]*menu{}}
	for i := range c.Accounts {
		w.accounts = append(w.accounts, newHome(accountID(i)))
	}
	sum := 0
	for i := range w.regions {
		sum += regionWeights[i]
		w.byRegion = append(w.byRegion, sum)
	}
	w.rows[true], w.rows[false] = newMenu(true), newMenu(false)
	return w
}

func accountID(i int) string {
	if i < len(accountIDs) {
		return accountIDs[i]
	}
	return fmt.Sprintf("1234%08d", i)
}

func newHome(id string) *home {
	h := &home{id: id, logs: "audit-logs-" + id, root: rootUser(id).uses(officeAddresses[:1], consoleAgents)}
	for i, name := range givenNames {
		addresses := append([]string{officeAddresses[i%len(officeAddresses)], officeAddresses[i%len(officeAddresses)]},
			fmt.Sprintf("198.51.100.%d", 100+i), fmt.Sprintf("2001:db8:%x::%x", 16+i%7, 257+i))
		var a *actor
		switch i % 4 {
		case 0:
			a = iamUserMFA(id, name).uses(addresses, consoleAgents)
		case 1, 2:
			a = iamUser(id, name).uses(addresses, cliAgents)
		default:
			a = ssoUser(id, "PowerUser", name+"@corp.example").uses(addresses, consoleAgents)
		}
		h.people = append(h.people, a)
	}
	h.people = append(h.people, federatedUser(id, "analyst").uses(officeAddresses[:1], botoAgents))
	h.builds = append(h.builds, pipeline(id, "deploy", "GitHubActions").uses(ciAddresses, terraformAgent),
		assumedRole(id, "/", "terraform", "terraform-apply", "", "").uses(ciAddresses, terraformAgent),
		iamUser(id, "ci-runner").uses(ciAddresses, terraformAgent), iamUser(id, "backup-agent").uses(vpcAddresses[:2], botoAgents),
		iamUser(id, "monitoring").uses([]string{"203.0.113.77"}, botoAgents))
	for i, word := range words {
		h.nodes = append(h.nodes, assumedRole(id, "/", word+"-worker", word+"-worker", "", "").uses(vpcAddresses[i%4:i%4+1], nodeAgents[:1]))
		s := scene{random: newRandom(uint64(i)), account: id, region: regionList[0]}
		h.nodes = append(h.nodes, instance(id, word+"-node", string(appendFixed(nil, "i-0", &s, 96))).uses(vpcAddresses[i%3:i%3+2], nodeAgents[1:]))
		h.buckets = append(h.buckets, word+"-data-"+id[:4])
	}
	return h
}

func newMenu(global bool) *menu {
	m := &menu{}
	for _, r := range catalog() {
		if r.global && !global {
			continue
		}
		d := &dish{row: r, paramsT: compile(r.params), responseT: compile(r.response), resourcesT: compile(r.resources), detailsT: compile(r.details)}
		for _, f := range r.fails {
			d.failsT = append(d.failsT, compile(f.message))
		}
		if r.by != "" {
			d.service = awsService(r.by)
		}
		m.total += r.weight
		m.rows, m.sums = append(m.rows, d), append(m.sums, m.total)
	}
	return m
}

func (m *menu) pick(r *random) *dish {
	at := r.intn(m.total)
	low, high := 0, len(m.sums)-1
	for low < high {
		mid := (low + high) / 2
		if at < m.sums[mid] {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return m.rows[low]
}

func (w *world) region(r *random) int {
	at := r.intn(w.byRegion[len(w.byRegion)-1])
	for i, sum := range w.byRegion {
		if at < sum {
			return i
		}
	}
	return 0
}
