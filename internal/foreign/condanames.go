package foreign

import (
	"strings"
	"sync"
)

// onIndex is the name that a package of conda has on the package index, "" with
// the reason where that is not known. Only names that are known are taken: one
// that merely looks alike may be somebody else's package.
func onIndex(conda string) (name, why string) {
	if to, ok := otherwise[conda]; ok {
		return to, ""
	}
	if conda == "pip" {
		return "", "snug installs packages itself: snug add --runtime dev pip puts it into a runtime"
	}
	if likewiseWords()[strings.ReplaceAll(conda, "_", "-")] {
		return conda, ""
	}
	for _, word := range nativeWords() {
		if stem, isStem := strings.CutSuffix(word, "*"); conda == word || isStem && strings.HasPrefix(conda, stem) {
			return "", notPython
		}
	}
	return "", notKnown
}

var (
	nativeWords   = sync.OnceValue(func() []string { return strings.Fields(native) })
	likewiseWords = sync.OnceValue(func() map[string]bool {
		out := map[string]bool{}
		for _, word := range strings.Fields(likewise) {
			out[word] = true
		}
		return out
	})
)

// otherwise are packages that conda names otherwise than the index.
var otherwise = map[string]string{
	"pytorch": "torch", "pytorch-cpu": "torch", "pytorch-gpu": "torch", "torchvision-cpu": "torchvision",
	"tensorflow-gpu": "tensorflow", "tensorflow-base": "tensorflow", "jaxlib-cpu": "jaxlib",
	"opencv": "opencv-python", "py-opencv": "opencv-python", "libopencv-python": "opencv-python",
	"matplotlib-base": "matplotlib", "seaborn-base": "seaborn", "numpy-base": "numpy", "dask-core": "dask", "distributed-core": "distributed",
	"msgpack-python": "msgpack", "pytables": "tables", "ruamel_yaml": "ruamel.yaml", "ruamel.yaml": "ruamel.yaml", "ruamel.yaml.clib": "ruamel.yaml.clib",
	"zope.interface": "zope.interface", "pyqt": "PyQt5", "qtpy": "QtPy", "pyside2": "PySide2", "pyside6": "PySide6",
	"py-xgboost": "xgboost", "py-xgboost-cpu": "xgboost", "py-xgboost-gpu": "xgboost", "python-xgboost": "xgboost", "py-lightgbm": "lightgbm",
	"python-graphviz": "graphviz", "python-kubernetes": "kubernetes", "python-snappy": "python-snappy", "python-blosc": "blosc", "brotli-python": "Brotli",
	"brotlipy": "brotlipy", "python-duckdb": "duckdb", "python-tzdata": "tzdata", "python-fastjsonschema": "fastjsonschema", "python-lmdb": "lmdb",
	"python-levenshtein": "Levenshtein", "python-flatbuffers": "flatbuffers", "python-docx": "python-docx", "prompt_toolkit": "prompt-toolkit",
	"pysocks": "PySocks", "pyyaml": "PyYAML", "sqlalchemy": "SQLAlchemy", "antlr-python-runtime": "antlr4-python3-runtime",
	"py4j": "py4j", "backports.zoneinfo": "backports.zoneinfo", "stack_data": "stack-data", "pure_eval": "pure-eval", "importlib_metadata": "importlib-metadata",
	"importlib_resources": "importlib-resources", "typing_extensions": "typing-extensions", "scikit-image-base": "scikit-image",
	"faiss": "faiss-cpu", "faiss-cpu": "faiss-cpu", "spacy-base": "spacy", "mysqlclient": "mysqlclient", "mysql-connector-python": "mysql-connector-python",
	"pymupdf": "PyMuPDF", "bs4": "beautifulsoup4", "pillow-simd": "Pillow-SIMD",
	"huggingface_hub": "huggingface-hub", "sentence-transformers": "sentence-transformers", "setuptools_scm": "setuptools-scm", "jupyter_core": "jupyter-core",
	"jupyter_client": "jupyter-client", "jupyter_server": "jupyter-server", "nbconvert-core": "nbconvert",
	"geopandas-base": "geopandas", "fiona": "fiona",
}

// likewise are packages of the same name on both, in conda's dashed spelling.
const likewise = `
absl-py accelerate aiobotocore aiofiles aiohttp aiosignal alembic altair annotated-types anyio apache-airflow appdirs arrow asgiref astropy asttokens
async-timeout attrs autopep8 babel backcall bcrypt beautifulsoup4 biopython black blinker blosc bokeh boto3 botocore bottleneck cachetools catboost celery
certifi cffi charset-normalizer click cloudpickle cmake-format colorama comm contourpy coverage cryptography cupy cvxpy cycler cython cytoolz dask datasets
debugpy decorator defusedxml dill distlib distributed django djangorestframework dnspython docker docutils duckdb editables einops et-xmlfile exceptiongroup
executing fastapi fastparquet filelock flake8 flask fonttools frozenlist fsspec ftfy gensim geopandas geopy gitdb gitpython google-auth greenlet grpcio gunicorn
h11 h5py hatchling holoviews html5lib httpcore httpx huggingface-hub hydra-core hypothesis idna imageio importlib-metadata importlib-resources iniconfig
ipykernel ipython ipywidgets isort itsdangerous jax jaxlib jedi jinja2 jmespath joblib json5 jsonpatch jsonschema jupyter jupyter-client jupyter-core
jupyter-server jupyterlab keras kiwisolver lightgbm lightning llvmlite locket loguru lxml mako markdown markdown-it-py markupsafe marshmallow matplotlib
matplotlib-inline mccabe mdurl mistune mlflow more-itertools mpmath msgpack multidict munkres mypy mypy-extensions natsort nbclient nbconvert nbformat
nest-asyncio netcdf4 networkx nltk nodeenv notebook numba numexpr numpy oauthlib omegaconf openpyxl optuna orjson packaging pandas parso partd pathspec patsy
peewee peft pexpect pickleshare pillow pip-tools platformdirs plotly pluggy polars pooch pre-commit prometheus-client prompt-toolkit protobuf psutil psycopg
psycopg2 ptyprocess pure-eval py-cpuinfo pyarrow pyasn1 pycodestyle pycparser pydantic pydantic-core pydot pyflakes pygments pyjwt pylint pymongo pymysql
pyopenssl pyparsing pyproj pyspark pytest pytest-asyncio pytest-cov pytest-mock pytest-xdist python-dateutil python-dotenv python-multipart pytz pywavelets
pyzmq rasterio rdflib redis regex requests requests-oauthlib responses rich rpds-py rsa ruff s3fs s3transfer sacremoses safetensors scikit-image scikit-learn
scipy scrapy seaborn selenium send2trash sentencepiece sentry-sdk setuptools setuptools-scm shap shapely simplejson six smmap sniffio snowballstemmer
sortedcontainers soupsieve spacy sphinx sqlparse stack-data starlette statsmodels streamlit sympy tabulate tblib tenacity tensorboard tensorflow termcolor
terminado textblob threadpoolctl tifffile tiktoken timm tinycss2 tokenizers toml tomli tomlkit toolz torchaudio torchmetrics torchvision tornado tqdm
traitlets transformers trimesh typer typing-extensions tzdata tzlocal ujson umap-learn urllib3 uvicorn virtualenv wandb wcwidth webencodings websocket-client
websockets werkzeug wheel widgetsnbextension wrapt xarray xgboost xlrd xlsxwriter xyzservices yapf yarl zarr zict zipp zstandard
`

// native are packages of conda that are no Python packages; a star stands for
// what follows.
const native = `
_libgcc_mutex _openmp_mutex _x86_64-microarch-level alsa-lib binutils* blas bzip2 c-ares c-compiler ca-certificates cairo clang* cmake compilers cuda* cudatoolkit
cudnn curl cxx-compiler cyrus-sasl dbus eigen expat ffmpeg fftw font* fortran-compiler freetype fribidi gcc* gdal geos gettext gfortran* ghostscript git glib*
gmp gnutls go graphite2 graphviz gsl gst* gxx* harfbuzz hdf4 hdf5 icu imagemagick intel-openmp jpeg keyutils krb5 ld_impl* lame lcms2 lerc lib* llvm* lz4-c
make mkl mkl-service mpc mpfr mpi mpich mysql* nccl ncurses nettle ninja nodejs nspr nss nvidia* ocl* openblas openh264 openjdk openjpeg openmpi openssl
p11-kit pandoc pango pcre pcre2 perl* pixman pkg-config poppler postgresql proj protobuf-c pthread* python_abi qt* r r-* readline rust* sed snappy sqlite
sysroot* tar tbb tk ucx unixodbc vc vc14* vs2015* wget x264 x265 xerces-c xorg-* xz yaml zeromq zlib zlib-ng zstd
`
