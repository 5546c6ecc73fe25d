//go:build linux

package local

import (
	"fmt"
	"os"

	"github.com/daprstack/daprstack/local/pki"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// The names of the certificates.
const (
	clusterCA      = "ca"
	frontProxyCA   = "front-proxy-ca"
	accountsKey    = "service-accounts"
	apiserverCert  = "kube-apiserver"
	frontProxyCert = "front-proxy"
	kubeletClient  = "kube-apiserver-kubelet"
	kubeletServer  = "kubelet-server"
	adminUser      = "admin"
)

// users are the clients of the API server, one kubeconfig each. CommonName and
// Organization are the user and its group there; addons.go gives permissions to
// the users that Kubernetes does not know.
var users = []pki.Certificate{
	{Name: adminUser, CommonName: "daprstack-admin", Organization: "system:masters"},
	{Name: kubeControllers, CommonName: "system:kube-controller-manager"},
	{Name: kubeScheduler, CommonName: "system:kube-scheduler"},
	{Name: kubeProxy, CommonName: "system:kube-proxy"},
	{Name: kubelet, CommonName: "system:node:" + NodeName, Organization: "system:nodes"},
	{Name: coredns, CommonName: corednsUser},
	{Name: storageProvisioner, CommonName: provisionerUser},
}

// certify makes the cluster's certificates and kubeconfigs that are missing.
func certify(l layout) (*pki.Dir, error) {
	dir, err := pki.Open(l.pki())
	if err != nil {
		return nil, err
	}
	ca, err := dir.Authority(clusterCA)
	if err != nil {
		return nil, err
	}
	front, err := dir.Authority(frontProxyCA)
	if err != nil {
		return nil, err
	}
	certificates := append([]pki.Certificate{
		{Name: apiserverCert, CommonName: apiserverCert, Hosts: []string{
			nodeIP.String(), kubernetesIP.String(), "127.0.0.1", "localhost",
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + clusterDomain,
		}},
		{Name: kubeletServer, CommonName: NodeName, Hosts: []string{nodeIP.String(), NodeName}},
		{Name: kubeletClient, CommonName: "kube-apiserver-kubelet", Organization: "system:masters"},
	}, users...)
	for _, c := range certificates {
		if err := ca.Issue(c); err != nil {
			return nil, err
		}
	}
	if err := front.Issue(pki.Certificate{Name: frontProxyCert, CommonName: frontProxyCert}); err != nil {
		return nil, err
	}
	if err := dir.SigningKey(accountsKey); err != nil {
		return nil, err
	}
	for _, user := range users {
		path := l.config(user.Name + ".kubeconfig")
		if user.Name == adminUser {
			path = l.kubeconfig()
		}
		if err := writeKubeconfig(path, dir, user.Name); err != nil {
			return nil, err
		}
	}
	return dir, nil
}

// writeKubeconfig writes a self-contained kubeconfig, readable by root only.
func writeKubeconfig(path string, dir *pki.Dir, user string) error {
	config := api.NewConfig()
	cluster := api.NewCluster()
	cluster.Server = apiURL
	credentials := api.NewAuthInfo()
	for file, data := range map[string]*[]byte{
		dir.Cert(clusterCA): &cluster.CertificateAuthorityData,
		dir.Cert(user):      &credentials.ClientCertificateData,
		dir.Key(user):       &credentials.ClientKeyData,
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading a certificate for %s: %w", path, err)
		}
		*data = content
	}
	config.Clusters[Context] = cluster
	config.AuthInfos[Context] = credentials
	config.Contexts[Context] = &api.Context{Cluster: Context, AuthInfo: Context}
	config.CurrentContext = Context
	data, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	return writeFile(path, data)
}
