package sbom

// The part of CycloneDX 1.6 that is written, in the order of its schema. The
// project's own Go library makes every start of snug a tenth slower (decision 0020);
// TestLiveDocuments holds what is written here to the project's own validator.

type cdxBOM struct {
	Schema          string             `json:"$schema"`
	Format          string             `json:"bomFormat"`
	SpecVersion     string             `json:"specVersion"`
	SerialNumber    string             `json:"serialNumber"`
	Version         int                `json:"version"`
	Metadata        cdxMetadata        `json:"metadata"`
	Components      []cdxComponent     `json:"components"`
	Dependencies    []cdxDependency    `json:"dependencies"`
	Compositions    []cdxComposition   `json:"compositions"`
	Vulnerabilities []cdxVulnerability `json:"vulnerabilities,omitempty"`
}

type cdxMetadata struct {
	Timestamp  string         `json:"timestamp"`
	Lifecycles []cdxLifecycle `json:"lifecycles"`
	Tools      cdxTools       `json:"tools"`
	Component  cdxComponent   `json:"component"`
	Supplier   *cdxEntity     `json:"supplier,omitempty"`
	Properties []cdxProperty  `json:"properties,omitempty"`
}

type cdxLifecycle struct {
	Phase string `json:"phase"`
}

type cdxTools struct {
	Components []cdxComponent `json:"components"`
}

type cdxComponent struct {
	Type        string         `json:"type"`
	Ref         string         `json:"bom-ref,omitempty"`
	Supplier    *cdxEntity     `json:"supplier,omitempty"`
	Name        string         `json:"name"`
	Version     string         `json:"version,omitempty"`
	Description string         `json:"description,omitempty"`
	Scope       string         `json:"scope,omitempty"`
	Hashes      []cdxHash      `json:"hashes,omitempty"`
	Licenses    []cdxLicense   `json:"licenses,omitempty"`
	CPE         string         `json:"cpe,omitempty"`
	PURL        string         `json:"purl,omitempty"`
	References  []cdxReference `json:"externalReferences,omitempty"`
	Components  []cdxComponent `json:"components,omitempty"`
	Evidence    *cdxEvidence   `json:"evidence,omitempty"`
	Properties  []cdxProperty  `json:"properties,omitempty"`
}

type cdxEntity struct {
	Name    string       `json:"name"`
	Contact []cdxContact `json:"contact,omitempty"`
}

type cdxContact struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

type cdxHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// cdxLicense is an expression, which stands alone in its array, or a License.
type cdxLicense struct {
	License         *cdxLicenseID `json:"license,omitempty"`
	Expression      string        `json:"expression,omitempty"`
	Acknowledgement string        `json:"acknowledgement,omitempty"`
}

type cdxLicenseID struct {
	ID              string `json:"id,omitempty"`
	Name            string `json:"name,omitempty"`
	Acknowledgement string `json:"acknowledgement,omitempty"`
}

type cdxReference struct {
	Type   string    `json:"type"`
	URL    string    `json:"url"`
	Hashes []cdxHash `json:"hashes,omitempty"`
}

type cdxEvidence struct {
	Identity    []cdxIdentity   `json:"identity,omitempty"`
	Occurrences []cdxOccurrence `json:"occurrences,omitempty"`
	Licenses    []cdxLicense    `json:"licenses,omitempty"`
}

type cdxIdentity struct {
	Field      string      `json:"field"`
	Confidence float64     `json:"confidence"`
	Methods    []cdxMethod `json:"methods"`
}

type cdxMethod struct {
	Technique  string  `json:"technique"`
	Confidence float64 `json:"confidence"`
	Value      string  `json:"value"`
}

type cdxOccurrence struct {
	Location string `json:"location"`
}

type cdxProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cdxDependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

type cdxComposition struct {
	Aggregate    string   `json:"aggregate"`
	Assemblies   []string `json:"assemblies,omitempty"`
	Dependencies []string `json:"dependencies,omitempty"`
}

type cdxVulnerability struct {
	Ref            string        `json:"bom-ref"`
	ID             string        `json:"id"`
	Source         cdxSource     `json:"source"`
	References     []cdxAlias    `json:"references,omitempty"`
	Ratings        []cdxRating   `json:"ratings,omitempty"`
	Description    string        `json:"description,omitempty"`
	Recommendation string        `json:"recommendation,omitempty"`
	Analysis       cdxAnalysis   `json:"analysis"`
	Affects        []cdxAffected `json:"affects"`
	Properties     []cdxProperty `json:"properties,omitempty"`
}

type cdxSource struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type cdxAlias struct {
	ID     string    `json:"id"`
	Source cdxSource `json:"source"`
}

type cdxRating struct {
	Score    float64 `json:"score,omitempty"`
	Severity string  `json:"severity"`
	Method   string  `json:"method,omitempty"`
	Vector   string  `json:"vector,omitempty"`
}

type cdxAnalysis struct {
	State         string   `json:"state"`
	Justification string   `json:"justification,omitempty"`
	Response      []string `json:"response,omitempty"`
	Detail        string   `json:"detail,omitempty"`
}

type cdxAffected struct {
	Ref      string       `json:"ref"`
	Versions []cdxVersion `json:"versions,omitempty"`
}

type cdxVersion struct {
	Version string `json:"version"`
	Status  string `json:"status"`
}
