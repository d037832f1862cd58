// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// SignIn says with which identity to read.
type SignIn struct {
	Profile  string // of the shared configuration; "" is the SDK's default chain
	Region   string // asked first; "" is the configuration's, or us-east-1
	Endpoint string // overrides the address of every service; "" leaves it to the environment
	// Pause is how long a call waits before it is tried again, attempt counting from
	// 1; nil leaves it to the SDK, which waits longer the more calls are put off.
	Pause func(attempt int) time.Duration
}

// Account is one AWS account that was signed in to. It is safe for concurrent use.
type Account struct {
	ID     string // 12 digits
	Caller string // ARN of the identity that reads

	cfg      aws.Config
	endpoint string
	pause    func(attempt int) time.Duration
	mu       sync.Mutex
	buckets  map[string]*s3.Client // by Region
	control  map[string]*s3control.Client
}

const fallbackRegion = "us-east-1"

// maxAttempts is how often one call is tried. Throttled calls slow all calls of
// their Region down (SDK guide, "Retries and timeouts", adaptive mode).
const maxAttempts = 8

// callTimeout bounds one call with its repetitions, so that one bucket cannot
// hold a scan up.
const callTimeout = 2 * time.Minute

// Open signs in and asks whose account it is (sts:GetCallerIdentity, which
// needs no permission). A *SignInError says what to do next.
func Open(ctx context.Context, s SignIn) (*Account, error) {
	cfg, err := config.LoadDefaultConfig(ctx, s.options()...)
	var noProfile config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &noProfile):
		return nil, &SignInError{Who: s.who(), Hint: "see which profiles there are with: aws configure list-profiles", Err: err}
	case err != nil:
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = fallbackRegion
	}
	if _, err := within(ctx, signed(cfg)); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &SignInError{Who: s.who(), Hint: hintSignIn, Err: err}
	}
	a, err := identify(ctx, cfg, s.Endpoint, s.who())
	if a != nil {
		a.pause = s.Pause
	}
	return a, err
}

func (s SignIn) who() string {
	if s.Profile == "" {
		return "the default credentials"
	}
	return "profile " + s.Profile
}

func (s SignIn) options() []func(*config.LoadOptions) error {
	opts := []func(*config.LoadOptions) error{
		config.WithAPIOptions([]func(*middleware.Stack) error{checkAnswers}),
		config.WithLogger(logging.Nop{}), // what it would say comes back as an error too
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost, t.MaxIdleConns = DefaultConcurrency, 4*DefaultConcurrency
		})),
		config.WithRetryer(func() aws.Retryer {
			if s.Pause != nil {
				return standardRetryer(s.Pause)
			}
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
				o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
					o.MaxAttempts, o.RateLimiter = maxAttempts, unlimited{}
				})
			})
		}),
	}
	if s.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(s.Profile))
	}
	if s.Region != "" {
		opts = append(opts, config.WithRegion(s.Region))
	}
	return opts
}

// standardRetryer tries each call for itself; pause nil is the SDK's.
func standardRetryer(pause func(attempt int) time.Duration) *retry.Standard {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.RateLimiter = maxAttempts, unlimited{}
		if pause != nil {
			o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return pause(attempt), nil })
		}
	})
}

// unlimited is no bound on retries over all calls: the bound of one call and
// the adaptive rate do, and a scan must not give buckets up because many were
// throttled at once.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (unlimited) AddTokens(uint) error { return nil }

// within gives one call, or one page, callTimeout.
func within[T, O any](ctx context.Context, call func(context.Context, ...O) (T, error)) (T, error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return call(bounded)
}

// signed is the retrieval of credentials as a call.
func signed(cfg aws.Config) func(context.Context, ...struct{}) (aws.Credentials, error) {
	return func(ctx context.Context, _ ...struct{}) (aws.Credentials, error) {
		return cfg.Credentials.Retrieve(ctx)
	}
}

// reAccount is an account's id: of AWS 12 digits, of other servers a name.
var reAccount = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

func identify(ctx context.Context, cfg aws.Config, endpoint, who string) (*Account, error) {
	client := sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = override(endpoint, o.BaseEndpoint) })
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := client.GetCallerIdentity(bounded, &sts.GetCallerIdentityInput{})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, signInError(who, err)
	}
	if !reAccount.MatchString(aws.ToString(out.Account)) {
		return nil, fmt.Errorf("asking AWS whose account %s are: the answer names no account, but %q: does a proxy answer in the place of AWS?", who, aws.ToString(out.Account))
	}
	return &Account{ID: aws.ToString(out.Account), Caller: aws.ToString(out.Arn), cfg: cfg, endpoint: endpoint,
		buckets: map[string]*s3.Client{}, control: map[string]*s3control.Client{}}, nil
}

// Assume signs in to another account by a role of it.
func (a *Account) Assume(ctx context.Context, account, role, externalID string) (*Account, error) {
	arn := fmt.Sprintf("arn:%s:iam::%s:role/%s", partition(a.Caller), account, strings.TrimPrefix(role, "/"))
	client := sts.NewFromConfig(a.cfg, func(o *sts.Options) { o.BaseEndpoint = override(a.endpoint, o.BaseEndpoint) })
	cfg := a.cfg.Copy()
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(client, arn, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = AgentName
		if externalID != "" {
			o.ExternalID = aws.String(externalID)
		}
	}))
	if _, err := within(ctx, signed(cfg)); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &SignInError{Who: arn, Err: err,
			Hint: "the role must exist in the account, trust " + a.Caller + ", and this identity needs sts:AssumeRole"}
	}
	other, err := identify(ctx, cfg, a.endpoint, arn)
	if other != nil {
		other.pause = a.pause
	}
	return other, err
}

// partition is aws, aws-cn or aws-us-gov: the second part of an ARN.
func partition(arn string) string {
	if parts := strings.SplitN(arn, ":", 3); len(parts) == 3 && parts[1] != "" {
		return parts[1]
	}
	return "aws"
}

func override(endpoint string, present *string) *string {
	if endpoint != "" {
		return aws.String(endpoint)
	}
	return present
}

// bucketsIn is the S3 client of a Region.
func (a *Account) bucketsIn(region string) *s3.Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.buckets[region]; ok {
		return c
	}
	c := s3.NewFromConfig(a.cfg, func(o *s3.Options) {
		o.Region = region
		o.BaseEndpoint = override(a.endpoint, o.BaseEndpoint)
		o.UsePathStyle = o.BaseEndpoint != nil // a server of one's own has no name for each bucket
	})
	a.buckets[region] = c
	return c
}

// controlIn is the S3 Control client of a Region.
func (a *Account) controlIn(region string) *s3control.Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.control[region]; ok {
		return c
	}
	c := s3control.NewFromConfig(a.cfg, func(o *s3control.Options) {
		o.Region = region
		o.BaseEndpoint = override(a.endpoint, o.BaseEndpoint)
		if o.BaseEndpoint != nil {
			o.APIOptions = append(o.APIOptions, withoutHostPrefix)
			o.EndpointResolverV2 = plainHost{o.EndpointResolverV2}
		}
	})
	a.control[region] = c
	return c
}

// plainHost takes the account id off the host name: a server of one's own has
// no name for each account, and reads it from the header.
type plainHost struct{ s3control.EndpointResolverV2 }

// ResolveEndpoint resolves as the SDK does, and keeps the host that was given.
func (p plainHost) ResolveEndpoint(ctx context.Context, params s3control.EndpointParameters) (smithyendpoints.Endpoint, error) {
	e, err := p.EndpointResolverV2.ResolveEndpoint(ctx, params)
	if err == nil {
		e.URI.Host = strings.TrimPrefix(e.URI.Host, aws.ToString(params.AccountId)+".")
	}
	return e, err
}

// withoutHostPrefix does the same for the operations that name the account in
// their model.
func withoutHostPrefix(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("WithoutHostPrefix",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
		}), middleware.Before)
}
