package pep740

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"
)

// The claims of Sigstore's certificates, all below 1.3.6.1.4.1.57264.1.
const (
	claimIssuer = 8
	claimSource = 12 // address of the source repository
	claimDigest = 13 // its revision
	claimRef    = 14 // the branch or tag
	claimConfig = 18 // what was run: the workflow's file at a revision
)

// Who gives the identities that certificates are made from.
const (
	gitHubIssuer = "https://token.actions.githubusercontent.com"
	gitHubHost   = "https://github.com/"
	gitLabHost   = "https://gitlab.com/"
	googleIssuer = "https://accounts.google.com"
)

// holds tells whether the certificate is of the publisher that the index names.
func (i Identity) holds(leaf *x509.Certificate) error {
	switch i.Kind {
	case gitHub:
		return i.holdsRepository(leaf, gitHubIssuer, gitHubHost, "/.github/workflows/")
	case gitLab:
		return i.holdsRepository(leaf, strings.TrimSuffix(gitLabHost, "/"), gitLabHost, "//")
	case google:
		if claim(leaf, claimIssuer) != googleIssuer || i.Email == "" || len(leaf.EmailAddresses) != 1 || leaf.EmailAddresses[0] != i.Email {
			return untrue("the index says that %s published it, its certificate says %q", i, leaf.EmailAddresses)
		}
		return nil
	}
	return untold("publishers of the kind %.40q are not known here", i.Kind)
}

// holdsRepository compares what the certificate says was run with the workflow that the
// index names: HOST REPOSITORY DIVIDER WORKFLOW @ REVISION. Hosts do not mind the case of
// a repository; of a file they do.
func (i Identity) holdsRepository(leaf *x509.Certificate, issuer, host, divider string) error {
	source, config := claim(leaf, claimSource), claim(leaf, claimConfig)
	run := source + divider + i.Workflow + "@"
	ref, revision := claim(leaf, claimRef), claim(leaf, claimDigest)
	switch {
	case claim(leaf, claimIssuer) != issuer:
		return untrue("the index says that %s published it, its certificate's identity was given by %.200q", i, claim(leaf, claimIssuer))
	case i.Repository == "" || i.Workflow == "" || !strings.EqualFold(source, host+i.Repository) ||
		(ref == "" || config != run+ref) && (revision == "" || config != run+revision):
		return untrue("the index says that %s published it, its certificate says %.300q", i, config)
	}
	return nil
}

// claim is a claim's text, "" where there is none or it is no text.
func claim(leaf *x509.Certificate, number int) string {
	oid := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, number}
	found := ""
	for _, e := range leaf.Extensions {
		if !e.Id.Equal(oid) {
			continue
		}
		var text string
		rest, err := asn1.UnmarshalWithParams(e.Value, &text, "utf8")
		if err != nil || len(rest) > 0 || found != "" {
			return ""
		}
		found = text
	}
	return found
}
