package verify

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/controlplane"
)

// trustBundle is the name of the Secret with Dapr's certificate authority and
// of the ConfigMap with its root (pkg/sentry/server/ca/kube.go of Dapr).
const trustBundle = "dapr-trust-bundle"

func (v *verifier) certificates() []check {
	return []check{{
		entity: "control plane", what: "its certificate authority is valid and not due for renewal",
		prove: func(ctx context.Context) error { return v.authority(ctx, time.Now()) },
	}}
}

// authority proves that the services trust the root that signs sentry's issuer,
// and that neither certificate is due for renewal at the time now. It notes when
// they expire.
func (v *verifier) authority(ctx context.Context, now time.Time) error {
	namespace, renewBefore, remedy := v.stack.Dapr.Namespace, config.DefaultRenewBefore, "have it renewed where the control plane is installed"
	if v.stack.InstallsDapr() {
		renewBefore, remedy = v.stack.Dapr.Certificates.RenewBefore.Duration, "run up"
	} else {
		plane, err := controlplane.Find(ctx, v.cluster)
		if err != nil {
			return err
		}
		namespace = plane.Namespace
	}
	secret, err := v.cluster.Kube.CoreV1().Secrets(namespace).Get(ctx, trustBundle, metav1.GetOptions{})
	if apierrors.IsForbidden(err) && v.stack.UsesDapr() {
		return skipped("the certificates of the control plane may not be read: " + err.Error())
	}
	if err != nil {
		return fmt.Errorf("reading the certificates of Dapr's authority: %w", err)
	}
	bundle, err := v.cluster.Kube.CoreV1().ConfigMaps(namespace).Get(ctx, trustBundle, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading the root that the services trust: %w", err)
	}
	root, err := certificate(secret.Data["ca.crt"])
	if err != nil {
		return fmt.Errorf("the root in Secret %s: %w", trustBundle, err)
	}
	issuer, err := certificate(secret.Data["issuer.crt"])
	if err != nil {
		return fmt.Errorf("the issuer in Secret %s: %w", trustBundle, err)
	}
	var problems []error
	if bundle.Data["ca.crt"] != string(secret.Data["ca.crt"]) {
		problems = append(problems, errors.New("the services trust another root than sentry's: "+remedy))
	}
	if err := issuer.CheckSignatureFrom(root); err != nil {
		problems = append(problems, fmt.Errorf("the issuer is not signed by the root: %w", err))
	}
	for _, c := range []struct {
		name string
		*x509.Certificate
	}{{"root", root}, {"issuer", issuer}} {
		due := c.NotAfter.Add(-renewBefore)
		if !now.Before(due) {
			problems = append(problems, fmt.Errorf("the %s ends on %s and is due for renewal: %s", c.name, c.NotAfter.Format(time.DateOnly), remedy))
		}
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	return noted(fmt.Sprintf("the root ends on %s, the issuer on %s", root.NotAfter.Format(time.DateOnly), issuer.NotAfter.Format(time.DateOnly)))
}

// certificate parses a certificate in PEM.
func certificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not a certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
