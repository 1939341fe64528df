package license

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// vague are what a name is read as that does not say which version or variant: the widest that it may mean.
var vague = map[string]bool{
	BSD: true, "GPL-1.0-or-later": true, "LGPL-2.0-or-later": true, "AGPL-1.0-or-later": true, "Artistic-1.0": true, "ZPL-1.1": true,
	"LicenseRef-Public-Domain": true, "MPL-1.0+": true, "EUPL-1.0": true, "AFL-1.1": true, "GFDL-1.1-or-later": true, "EPL-1.0+": true,
}

// classifierNames are the licence classifiers of the index, by their last part.
var classifierNames = map[string]string{
	"Academic Free License (AFL)": "AFL-1.1", "Apache Software License": "Apache-2.0", "Artistic License": "Artistic-1.0",
	"Attribution Assurance License": "AAL", "Aladdin Free Public License (AFPL)": "Aladdin", "Apple Public Source License": "APSL-2.0",
	"BSD License": BSD, "Blue Oak Model License (BlueOak-1.0.0)": "BlueOak-1.0.0", "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
	"CC0 1.0 Universal (CC0 1.0) Public Domain Dedication":                             "CC0-1.0",
	"CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)":                  "CECILL-2.1",
	"CeCILL-B Free Software License Agreement (CECILL-B)":                              "CECILL-B",
	"CeCILL-C Free Software License Agreement (CECILL-C)":                              "CECILL-C",
	"Common Development and Distribution License 1.0 (CDDL-1.0)":                       "CDDL-1.0",
	"Common Public License":                                                            "CPL-1.0",
	"Creative Commons Attribution 4.0 International License (CC BY 4.0)":               "CC-BY-4.0",
	"Eclipse Public License 1.0 (EPL-1.0)":                                             "EPL-1.0",
	"Eclipse Public License 2.0 (EPL-2.0)":                                             "EPL-2.0",
	"Educational Community License, Version 2.0 (ECL-2.0)":                             "ECL-2.0",
	"Eiffel Forum License":                                                             "EFL-2.0",
	"European Union Public Licence 1.0 (EUPL 1.0)":                                     "EUPL-1.0",
	"European Union Public Licence 1.1 (EUPL 1.1)":                                     "EUPL-1.1",
	"European Union Public Licence 1.2 (EUPL 1.2)":                                     "EUPL-1.2",
	"Free For Educational Use":                                                         "LicenseRef-Proprietary-educational",
	"Free For Home Use":                                                                "LicenseRef-Proprietary-home",
	"Free To Use But Restricted":                                                       "LicenseRef-Proprietary-restricted",
	"Free for non-commercial use":                                                      "LicenseRef-Proprietary-non-commercial",
	"Freely Distributable":                                                             "LicenseRef-Freely-Distributable",
	"Freeware":                                                                         "LicenseRef-Freeware",
	"GNU Affero General Public License v3":                                             "AGPL-3.0-only",
	"GNU Affero General Public License v3 or later (AGPLv3+)":                          "AGPL-3.0-or-later",
	"GNU Free Documentation License (FDL)":                                             "GFDL-1.1-or-later",
	"GNU General Public License (GPL)":                                                 "GPL-1.0-or-later",
	"GNU General Public License v2 (GPLv2)":                                            "GPL-2.0-only",
	"GNU General Public License v2 or later (GPLv2+)":                                  "GPL-2.0-or-later",
	"GNU General Public License v3 (GPLv3)":                                            "GPL-3.0-only",
	"GNU General Public License v3 or later (GPLv3+)":                                  "GPL-3.0-or-later",
	"GNU Lesser General Public License v2 (LGPLv2)":                                    "LGPL-2.0-only",
	"GNU Lesser General Public License v2 or later (LGPLv2+)":                          "LGPL-2.0-or-later",
	"GNU Lesser General Public License v3 (LGPLv3)":                                    "LGPL-3.0-only",
	"GNU Lesser General Public License v3 or later (LGPLv3+)":                          "LGPL-3.0-or-later",
	"GNU Library or Lesser General Public License (LGPL)":                              "LGPL-2.0-or-later",
	"Historical Permission Notice and Disclaimer (HPND)":                               "HPND",
	"IBM Public License":                                                               "IPL-1.0",
	"ISC License (ISCL)":                                                               "ISC",
	"Intel Open Source License":                                                        "Intel",
	"MIT License":                                                                      "MIT",
	"MIT No Attribution License (MIT-0)":                                               "MIT-0",
	"MirOS License (MirOS)":                                                            "MirOS",
	"Mozilla Public License 1.0 (MPL)":                                                 "MPL-1.0",
	"Mozilla Public License 1.1 (MPL 1.1)":                                             "MPL-1.1",
	"Mozilla Public License 2.0 (MPL 2.0)":                                             "MPL-2.0",
	"Mulan Permissive Software License v2 (MulanPSL-2.0)":                              "MulanPSL-2.0",
	"NASA Open Source Agreement v1.3 (NASA-1.3)":                                       "NASA-1.3",
	"Nokia Open Source License":                                                        "Nokia",
	"Open Group Test Suite License":                                                    "OGTSL",
	"Open Software License 3.0 (OSL-3.0)":                                              "OSL-3.0",
	"Other/Proprietary License":                                                        "LicenseRef-Proprietary",
	"PostgreSQL License":                                                               "PostgreSQL",
	"Public Domain":                                                                    "LicenseRef-Public-Domain",
	"Python License (CNRI Python License)":                                             "CNRI-Python",
	"Python Software Foundation License":                                               "PSF-2.0",
	"Qt Public License (QPL)":                                                          "QPL-1.0",
	"Ricoh Source Code Public License":                                                 "RSCPL",
	"SIL Open Font License 1.1 (OFL-1.1)":                                              "OFL-1.1",
	"Sleepycat License":                                                                "Sleepycat",
	"Sun Industry Standards Source License (SISSL)":                                    "SISSL",
	"The Unlicense (Unlicense)":                                                        "Unlicense",
	"Universal Permissive License (UPL)":                                               "UPL-1.0",
	"University of Illinois/NCSA Open Source License":                                  "NCSA",
	"Vovida Software License 1.0":                                                      "VSL-1.0",
	"W3C License":                                                                      "W3C",
	"X.Net License":                                                                    "Xnet",
	"Zero-Clause BSD (0BSD)":                                                           "0BSD",
	"Zope Public License":                                                              "ZPL-1.1",
	"zlib/libpng License":                                                              "Zlib",
	"Netscape Public License (NPL)":                                                    "NPL-1.1",
	"Repoze Public License":                                                            "LicenseRef-Repoze",
	"Creative Commons Attribution-NonCommercial-ShareAlike 3.0 Unported License":       "CC-BY-NC-SA-3.0",
	"Creative Commons Attribution-NonCommercial-NoDerivs 3.0 Unported License":         "CC-BY-NC-ND-3.0",
	"Creative Commons Attribution-ShareAlike 4.0 International License (CC BY-SA 4.0)": "CC-BY-SA-4.0",
}

// aliases are names in use, after plain has put them in one form.
var aliases = map[string]string{
	"mit": "MIT", "expat": "MIT", "mit x11": "MIT", "x11": "X11", "mit 0": "MIT-0", "mit cmu": "MIT-CMU", "hpnd": "HPND", "mit style": "MIT",
	"apache": "Apache-2.0", "apache 2": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache2": "Apache-2.0", "apache2.0": "Apache-2.0", "apache software": "Apache-2.0",
	"apache software 2": "Apache-2.0", "apache software 2.0": "Apache-2.0", "asl 2": "Apache-2.0", "asl 2.0": "Apache-2.0", "al2": "Apache-2.0", "apl 2.0": "Apache-2.0",
	"bsd": BSD, "bsd style": BSD, "bsd like": BSD, "new bsd": "BSD-3-Clause", "modified bsd": "BSD-3-Clause", "revised bsd": "BSD-3-Clause", "bsd new": "BSD-3-Clause",
	"bsd 3": "BSD-3-Clause", "3 clause bsd": "BSD-3-Clause", "bsd 3 clause": "BSD-3-Clause", "bsd 3clause": "BSD-3-Clause", "bsd3": "BSD-3-Clause", "three clause bsd": "BSD-3-Clause", "bsd three clause": "BSD-3-Clause",
	"bsd 2": "BSD-2-Clause", "2 clause bsd": "BSD-2-Clause", "bsd 2 clause": "BSD-2-Clause", "bsd2": "BSD-2-Clause", "simplified bsd": "BSD-2-Clause", "freebsd": "BSD-2-Clause", "two clause bsd": "BSD-2-Clause",
	"0bsd": "0BSD", "zero clause bsd": "0BSD", "bsd 4 clause": "BSD-4-Clause",
	"isc": "ISC", "iscl": "ISC", "zlib": "Zlib", "zlib libpng": "Zlib", "unlicense": "Unlicense", "wtfpl": "WTFPL", "cc0": "CC0-1.0", "cc0 1.0": "CC0-1.0", "cc0 1.0 universal": "CC0-1.0",
	"public domain": "LicenseRef-Public-Domain", "boost software 1.0": "BSL-1.0", "boost": "BSL-1.0", "bsl 1.0": "BSL-1.0", "ncsa": "NCSA", "postgresql": "PostgreSQL",
	"psf": "PSF-2.0", "psfl": "PSF-2.0", "psf 2": "PSF-2.0", "psf 2.0": "PSF-2.0", "python software foundation": "PSF-2.0", "python": "Python-2.0", "python style": "Python-2.0",
	"mpl": "MPL-1.0+", "mpl 2": "MPL-2.0", "mpl 2.0": "MPL-2.0", "mpl2": "MPL-2.0", "mozilla public 2.0": "MPL-2.0", "mpl 1.1": "MPL-1.1", "mozilla public 1.1": "MPL-1.1",
	"gpl": "GPL-1.0-or-later", "gnu gpl": "GPL-1.0-or-later", "gnu general public": "GPL-1.0-or-later", "general public": "GPL-1.0-or-later",
	"gpl 2": "GPL-2.0-only", "gpl 2.0": "GPL-2.0-only", "gpl2": "GPL-2.0-only", "gnu gpl 2": "GPL-2.0-only", "gnu general public 2": "GPL-2.0-only",
	"gpl 2+": "GPL-2.0-or-later", "gpl 2 or later": "GPL-2.0-or-later", "gpl 2.0+": "GPL-2.0-or-later", "gpl 2.0 or later": "GPL-2.0-or-later", "gpl2+": "GPL-2.0-or-later",
	"gpl 3": "GPL-3.0-only", "gpl 3.0": "GPL-3.0-only", "gpl3": "GPL-3.0-only", "gnu gpl 3": "GPL-3.0-only", "gnu gpl 3.0": "GPL-3.0-only", "gnu general public 3": "GPL-3.0-only",
	"gpl 3+": "GPL-3.0-or-later", "gpl 3 or later": "GPL-3.0-or-later", "gpl 3.0+": "GPL-3.0-or-later", "gpl 3.0 or later": "GPL-3.0-or-later", "gpl3+": "GPL-3.0-or-later", "gnu gpl 3 or later": "GPL-3.0-or-later", "gnu gpl 3+": "GPL-3.0-or-later",
	"lgpl": "LGPL-2.0-or-later", "gnu lgpl": "LGPL-2.0-or-later", "gnu lesser general public": "LGPL-2.0-or-later", "lesser general public": "LGPL-2.0-or-later",
	"lgpl 2": "LGPL-2.0-only", "lgpl 2.0": "LGPL-2.0-only", "lgpl 2+": "LGPL-2.0-or-later", "lgpl 2 or later": "LGPL-2.0-or-later", "lgpl 2.1": "LGPL-2.1-only", "lgpl 2.1+": "LGPL-2.1-or-later", "lgpl 2.1 or later": "LGPL-2.1-or-later", "gnu lgpl 2.1": "LGPL-2.1-only",
	"lgpl 3": "LGPL-3.0-only", "lgpl 3.0": "LGPL-3.0-only", "lgpl3": "LGPL-3.0-only", "gnu lgpl 3": "LGPL-3.0-only", "lgpl 3+": "LGPL-3.0-or-later", "lgpl 3 or later": "LGPL-3.0-or-later", "lgpl 3.0 or later": "LGPL-3.0-or-later", "gnu lesser general public 3": "LGPL-3.0-only",
	"lgpl with exceptions": "LGPL-2.0-or-later",
	"agpl":                 "AGPL-1.0-or-later", "gnu agpl": "AGPL-1.0-or-later", "agpl 3": "AGPL-3.0-only", "agpl 3.0": "AGPL-3.0-only", "agpl3": "AGPL-3.0-only", "agpl 3+": "AGPL-3.0-or-later", "agpl 3 or later": "AGPL-3.0-or-later", "gnu agpl 3": "AGPL-3.0-only", "gnu affero general public 3": "AGPL-3.0-only",
	"zpl": "ZPL-1.1", "zpl 2.1": "ZPL-2.1", "zope public": "ZPL-1.1", "zope public 2.1": "ZPL-2.1", "epl": "EPL-1.0+", "epl 2.0": "EPL-2.0", "eclipse public 2.0": "EPL-2.0",
	"artistic": "Artistic-1.0", "artistic 2.0": "Artistic-2.0", "ofl": "OFL-1.1", "sil ofl 1.1": "OFL-1.1", "eupl 1.2": "EUPL-1.2", "upl": "UPL-1.0", "cc by 4.0": "CC-BY-4.0", "cc by sa 4.0": "CC-BY-SA-4.0", "cecill b": "CECILL-B", "cecill c": "CECILL-C",
	"proprietary": "LicenseRef-Proprietary", "commercial": "LicenseRef-Proprietary", "all rights reserved": "LicenseRef-Proprietary", "nvidia proprietary software": "LicenseRef-NVIDIA-Proprietary", "other proprietary": "LicenseRef-Proprietary",
}

var (
	urls  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\(?https?://\S+\)?`) })
	noise = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\b(the|an?|license[ds]?|licence[ds]?|version|under|terms|of|software license|\(?see .*|free software)\b`)
	})
	marks   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^a-z0-9.+]+`) })
	numbers = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bv\.? ?(\d)|([a-z])v(\d)`) })
	tail    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(.*) \(([^()]+)\)$`) })
)

// plain puts a licence's name in one form: "The MIT License" is "mit", "GPLv3+" is "gpl 3+".
func plain(name string) string {
	name = strings.ToLower(urls().ReplaceAllString(name, " "))
	name = numbers().ReplaceAllString(name, "$2 $1$3")
	name = marks().ReplaceAllString(name, " ")
	name = noise().ReplaceAllString(name, " ")
	name = strings.Join(strings.Fields(name), " ")
	return strings.TrimSuffix(strings.ReplaceAll(name, "2.0.0", "2.0"), ".")
}

// alias is the expression that one name stands for.
func alias(name string) (Expression, bool) {
	if e, err := ParseExpression(strings.TrimSpace(name)); err == nil && e.Op == None {
		return e, true
	}
	try := []string{name}
	if m := tail().FindStringSubmatch(strings.TrimSpace(name)); m != nil { // "GNU General Public License v3 (GPLv3)"
		try = append(try, m[1], m[2])
	}
	for _, t := range try {
		if id, ok := aliases[plain(t)]; ok {
			e, err := ParseExpression(id)
			return e, err == nil
		}
		if id, ok := classifierNames[strings.TrimSpace(t)]; ok {
			e, err := ParseExpression(id)
			return e, err == nil
		}
	}
	return Expression{}, false
}

// separator is what stands between the names of several licences.
type separator struct {
	at   *regexp.Regexp
	op   Op
	open bool // it may mean AND as well as OR
}

// separators have the surest first.
var separators = sync.OnceValue(func() []separator {
	return []separator{
		{regexp.MustCompile(`(?i)\s+or\s+`), Or, false},
		{regexp.MustCompile(`(?i)\s+and\s+|\s*&\s*|\s+\+\s+`), And, false},
		{regexp.MustCompile(`\s*[/|,;]\s*`), And, true},
	}
})

// named reads names in use: "MIT License", "Apache 2.0", "MIT/Apache-2.0". A slash or comma may be AND or
// OR: it is read as AND, and said.
func named(text string) reading {
	text = strings.Join(strings.Fields(text), " ")
	if e, ok := alias(text); ok {
		r := reading{expression: e}
		if vague[e.text] {
			r.ambiguous = fmt.Sprintf("%q does not say which", text)
		}
		return r
	}
	body := strings.TrimSpace(dual().ReplaceAllString(text, " "))
	for _, s := range separators() {
		parts := s.at.Split(body, -1)
		if len(parts) < 2 || len(parts) > 16 {
			continue
		}
		if r, ok := joined(parts, s.op); ok {
			if s.open || s.op == And && body != text {
				r.ambiguous = fmt.Sprintf("%q may mean AND or OR", text)
			}
			return r
		}
	}
	return reading{}
}

var dual = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\bdual(-|\s)licen[sc]ed?\b:?|\beither\b|\bboth\b`)
})

// joined reads every part as a name of its own.
func joined(parts []string, op Op) (reading, bool) {
	var all []Expression
	var r reading
	for _, p := range parts {
		e, ok := alias(strings.Trim(p, " ()"))
		if !ok {
			inner := named(strings.Trim(p, " ()"))
			if e = inner.expression; e.text == "" {
				return reading{}, false
			}
			r.ambiguous = inner.ambiguous
		}
		if vague[e.text] {
			r.ambiguous = fmt.Sprintf("%q does not say which", strings.TrimSpace(p))
		}
		all = append(all, e)
	}
	r.expression = Join(op, all...)
	return r, true
}
