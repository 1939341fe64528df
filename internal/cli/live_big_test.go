//go:build live

package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

// Large lists of real life build for this machine, every top-level module of
// every package can be imported, and the programs that people start do start.
func TestLiveBigLists(t *testing.T) {
	for _, tt := range []struct {
		name  string
		wants []string
		argv  []string // what is started in the runtime
		says  string
	}{
		{"airflow", []string{"apache-airflow"}, []string{"airflow", "version"}, "3."},
		{"jupyter", []string{"jupyterlab"}, []string{"jupyter", "lab", "--version"}, "4."},
		{"cloud", []string{"boto3", "celery[redis]", "sentry-sdk"}, []string{"python3", "-c", cloudProgram}, "eu-west-1 redis sent"},
		{"data", []string{"scikit-learn", "pandas", "pyarrow"}, []string{"python3", "-c", dataProgram}, "slope 2.0 sum 6"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			into := filepath.Join(t.TempDir(), "runtime")
			args := append([]string{"build", "--as-of", "2026-11-01T00:00:00Z", "--prove", "--into", into}, tt.wants...)
			liveSnug(t, t.TempDir(), args...)
			home := t.TempDir()
			cmd := bounded(t, filepath.Join(into, "bin", tt.argv[0]), tt.argv[1:]...)
			cmd.Dir = home
			cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + home, "AIRFLOW_HOME=" + home}
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), tt.says) {
				t.Errorf("%v: %v\n%s", tt.argv, err, out)
			}
		})
	}
}

const cloudProgram = `import boto3, celery, sentry_sdk
client = boto3.client("sqs", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
queue = celery.Celery(broker="redis://127.0.0.1:1/0")
sentry_sdk.init(dsn=None)
print(client.meta.region_name, queue.connection().transport.driver_type, "sent")`

// dataProgram hands pyarrow no file object of Python's: its threads would let go
// of it when Python 3.14 ends, and wait for each other for ever.
const dataProgram = `import pandas, pyarrow, pyarrow.parquet, sklearn.linear_model
frame = pandas.DataFrame({"x": [1, 2, 3], "y": [2, 4, 6]})
sink = pyarrow.BufferOutputStream()
pyarrow.parquet.write_table(pyarrow.Table.from_pandas(frame), sink)
back = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(sink.getvalue())).read().to_pandas()
model = sklearn.linear_model.LinearRegression().fit(frame[["x"]], frame["y"])
print("slope", round(float(model.coef_[0]), 6), "sum", back["x"].sum())`
