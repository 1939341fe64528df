package inventory

// library is a native library that is known by more than its file name.
type library struct {
	name  string   // as components have it
	cpe   string   // vendor:product in NVD's words, "" where it has none
	stems []string // names of its files, without versions

	// proof are texts of which one stands in the library's own code, and in no code that
	// only uses it. Without any, a text that has the version is proof enough.
	proof []string
	texts []text
	// bare matches the version where it stands for itself, between two NULs. It is looked
	// for in files that are the library, or have proof of it, and counts if one text
	// alone matches.
	bare string
	// bareNamed is for files that are the library, where a text of that form can hardly be
	// anything else; "": as bare.
	bareNamed string
	// suffix matches the version in what follows the stem in a file's name (".so.5.8.1"),
	// for those whose file names have the release's version and not one of the interface.
	suffix string
}

// text is a text that has the version in it: the expression is matched against what
// stands around the anchor, and its groups that matched, joined by dots, are the version.
type text struct{ anchor, expr string }

// release matches the version of a release at the end of a file's name.
const release = `^\.so\.(\d+\.\d+\.\d+)$|^\.(\d+\.\d+\.\d+)\.dylib$`

// libraries are those that advisories are about, and those that they come with. All
// expressions and texts were held against real wheels and interpreters.
func libraries() []library {
	return []library{
		{name: "aom", cpe: "aomedia:aomedia", stems: []string{"libaom"}, suffix: release,
			texts: []text{{"AOMedia Project AV1 ", `AV1 (?:En|De)coder v?(\d+\.\d+\.\d+)(?:-\w+)*\x00`}}},
		{name: "berkeley-db", cpe: "oracle:berkeley_db", stems: []string{"libdb"}, texts: []text{{"Berkeley DB ", `\x00Berkeley DB (\d+\.\d+\.\d+): \(`}}},
		{name: "boringssl", proof: []string{"OPENSSLDIR: n/a"}},
		{name: "brotli", cpe: "google:brotli", stems: []string{"libbrotlicommon", "libbrotlidec", "libbrotlienc"}, suffix: release},
		{name: "bzip2", cpe: "bzip:bzip2", stems: []string{"libbz2"}, proof: []string{"bzip2/libbzip2"}, bare: `^(1\.0\.\d), \d{1,2}-[A-Z][a-z]{2,3}-20\d\d$`, suffix: release},
		{name: "c-ares", cpe: "c-ares:c-ares", stems: []string{"libcares"}, proof: []string{"c-ares library initialization not yet performed"}},
		{name: "c-blosc", cpe: "c-blosc_project:c-blosc", stems: []string{"libblosc"}, suffix: release},
		{name: "c-blosc2", cpe: "c-blosc2_project:c-blosc2", stems: []string{"libblosc2"}, suffix: release},
		{name: "charls", stems: []string{"libcharls"}, suffix: release},
		{name: "curl", cpe: "haxx:libcurl", stems: []string{"libcurl"}, proof: []string{"Could not resolve host: %s"}, bare: `^([78]\.\d{1,2}\.\d{1,2})$`,
			texts: []text{{"libcurl/", `\x00libcurl/(\d+\.\d+\.\d+)(?:-DEV)?[\x00 ]`}}},
		{name: "cyrus-sasl", cpe: "cyrusimap:cyrus-sasl", stems: []string{"libsasl2"}, bare: `^(2\.1\.\d\d)$`},
		{name: "dav1d", cpe: "videolan:dav1d", stems: []string{"libdav1d"}, proof: []string{"dav1d-worker\x00"}, bare: `^(1\.\d\.\d)-\d+-g[0-9a-f]+$`, bareNamed: `^(1\.\d\.\d)(?:-\d+-g[0-9a-f]+)?$`},
		{name: "expat", cpe: "libexpat_project:libexpat", stems: []string{"libexpat"}, texts: []text{{"expat_", `\x00expat_(\d+\.\d+\.\d+)\x00`}}},
		{name: "ffmpeg", cpe: "ffmpeg:ffmpeg", stems: []string{"libavcodec", "libavformat", "libavutil", "libavdevice", "libavfilter", "libswresample", "libswscale", "libpostproc"},
			texts: []text{{"FFmpeg version ", `\x00FFmpeg version n?(\d+\.\d+(?:\.\d+)?)\x00`}}},
		{name: "freetds", cpe: "freetds:freetds", stems: []string{"libct", "libsybdb"}, texts: []text{{"freetds v", `\x00freetds v(\d+\.\d+(?:\.\d+)?)\x00`}}},
		{name: "freetype", cpe: "freetype:freetype", stems: []string{"libfreetype"}},
		{name: "fribidi", cpe: "gnu:fribidi", stems: []string{"libfribidi"}, texts: []text{{"(GNU FriBidi) ", `\(GNU FriBidi\) (\d+\.\d+\.\d+)\n`}}},
		{name: "gdal", cpe: "osgeo:gdal", stems: []string{"libgdal"}, suffix: `^\.so\.\d+\.(\d+\.\d+\.\d+)$`},
		{name: "geos", stems: []string{"libgeos", "libgeos_c", "geos", "geos_c"}, texts: []text{{"-CAPI-", `\x00(\d+\.\d+\.\d+)-CAPI-\d`}}, proof: []string{"TopologyException: "}, suffix: `^\.so\.(3\.\d+\.\d+)$`}, // libgeos_c has one of the interface, at 1
		{name: "giflib", cpe: "giflib_project:giflib", stems: []string{"libgif"}},
		{name: "harfbuzz", cpe: "harfbuzz_project:harfbuzz", stems: []string{"libharfbuzz"}, bare: `^(\d{1,2}\.\d{1,2}\.\d{1,2})$`},
		{name: "hdf5", cpe: "hdfgroup:hdf5", stems: []string{"libhdf5", "libhdf5_hl", "libhdf5_cpp"},
			texts: []text{{"HDF5 library version: ", `\x00HDF5 library version: (\d+\.\d+\.\d+(?:[-.]\d+)?)\x00`}, {"HDF5 Version: ", ` {8}HDF5 Version: (\d+\.\d+\.\d+(?:[-.]\d+)?)\n`}}},
		{name: "krb5", cpe: "mit:kerberos_5", stems: []string{"libkrb5", "libk5crypto", "libkrb5support", "libgssapi_krb5"},
			texts: []text{{"KRB5_BRAND: ", `KRB5_BRAND: krb5-(\d+\.\d+(?:\.\d+)?)-final `}}},
		{name: "lcms2", cpe: "littlecms:little_cms", stems: []string{"liblcms2"}},
		{name: "libavif", cpe: "aomedia:libavif", stems: []string{"libavif"}, bare: `^([01]\.\d{1,2}\.\d{1,2})$`},
		{name: "libedit", stems: []string{"libedit"}, proof: []string{"EditLine wrapper\x00"}},
		{name: "libffi", cpe: "libffi_project:libffi", stems: []string{"libffi"}, proof: []string{"ffi_prep_cif failed\x00", "libffi failed to build this "}},
		{name: "libgit2", cpe: "libgit2:libgit2", stems: []string{"libgit2"}, suffix: release},
		{name: "libjpeg-turbo", cpe: "libjpeg-turbo:libjpeg-turbo", stems: []string{"libturbojpeg"},
			texts: []text{{"libjpeg-turbo version ", `\x00libjpeg-turbo version (\d+\.\d+\.\d+) \(build`}, {"build-libjpeg-turbo (ver ", `JPEG: +build-libjpeg-turbo \(ver (\d+\.\d+\.\d+)-`}}},
		{name: "libpng", cpe: "libpng:libpng", stems: []string{"libpng", "libpng16", "libpng15", "libpng12"},
			texts: []text{{"libpng version ", `\n ?libpng version (\d+\.\d+\.\d+)(?: -[^\n\x00]*)?\n`}}},
		{name: "librdkafka", stems: []string{"librdkafka"}},
		{name: "libsodium", cpe: "libsodium:libsodium", stems: []string{"libsodium"}, bare: `^(1\.0\.\d{1,2})$`},
		{name: "libssh2", cpe: "libssh2:libssh2", stems: []string{"libssh2"}, texts: []text{{"libssh2_", `SSH-2\.0-libssh2_(\d+\.\d+\.\d+)(?:_DEV)?[\r\x00]`}}},
		{name: "libtiff", cpe: "libtiff:libtiff", stems: []string{"libtiff"}, proof: []string{"TIFFFetchNormalTag"},
			texts: []text{{"LIBTIFF, Version ", `\x00LIBTIFF, Version (\d+\.\d+\.\d+)\n`}, {"  TIFF:   ", `  TIFF: +build \(ver \d+ - (\d+\.\d+\.\d+)\)`}}},
		{name: "libuv", cpe: "libuv:libuv", stems: []string{"libuv"}, proof: []string{"UV_THREADPOOL_SIZE"}, bare: `^(1\.\d{2}\.\d{1,2})$`},
		{name: "libvpx", cpe: "webmproject:libvpx", stems: []string{"libvpx"}, texts: []text{{"WebM Project VP", `VP[89] (?:En|De)coder v(\d+\.\d+\.\d+)(?:-[0-9a-z-]+)?\x00`}}},
		{name: "libwebp", cpe: "webmproject:libwebp", stems: []string{"libwebp", "libwebpdemux", "libwebpmux", "libwebpdecoder", "libsharpyuv"}},
		{name: "libxml2", cpe: "xmlsoft:libxml2", stems: []string{"libxml2"}, proof: []string{"Extra content at the end of the document"}, bare: `^(2)(0[6-9]|1\d)(\d\d)(?:-GIT.*)?$`},
		{name: "libxslt", cpe: "xmlsoft:libxslt", stems: []string{"libxslt", "libexslt"}, proof: []string{"xsltCompilePattern"}, bare: `^(1)(01)(\d\d)(?:-GIT.*)?$`},
		{name: "libzmq", cpe: "zeromq:libzmq", stems: []string{"libzmq"}},
		{name: "lz4", cpe: "lz4_project:lz4", stems: []string{"liblz4"}, proof: []string{"ERROR_frameHeader_incomplete"}, bare: `^(1\.(?:8|9|10)\.\d)$`},
		{name: "mpdecimal", cpe: "bytereef:mpdecimal", stems: []string{"libmpdec"}, proof: []string{"mpd_setminalloc: ignoring request"}, bare: `^(2\.[45]\.\d|4\.0\.\d)$`},
		{name: "ncurses", cpe: "gnu:ncurses", stems: []string{"libncurses", "libncursesw", "libtinfo", "libtinfow"}, texts: []text{{"ncurses 6.", `\x00ncurses (6\.\d)\.20\d{6}\x00`}}},
		{name: "netcdf", cpe: "unidata:netcdf", stems: []string{"libnetcdf"}, bare: `^(4\.[5-9]\.\d{1,2}(?:-[a-z0-9]+)?|4\.1\d\.\d)$`},
		{name: "nghttp2", cpe: "nghttp2:nghttp2", stems: []string{"libnghttp2"}, bare: `^(1\.\d{2}\.\d)$`},
		{name: "openblas", cpe: "openblas_project:openblas", stems: []string{"libopenblas", "libopenblas64_", "libopenblasp", "libscipy_openblas", "libscipy_openblas64_"},
			suffix: `^-r(0)\.(\d+\.\d+)\.so$`, texts: []text{{"OpenBLAS 0.", `OpenBLAS (0\.\d+\.\d+(?:\.\d+)*(?:\.dev)?) `}}},
		{name: "openjpeg", cpe: "uclouvain:openjpeg", stems: []string{"libopenjp2"}, suffix: release,
			texts: []text{{"  JPEG 2000:  ", `  JPEG 2000: +build \(ver (\d+\.\d+\.\d+)\)`}}},
		{name: "openldap", cpe: "openldap:openldap", stems: []string{"libldap", "libldap_r", "liblber"}},
		{name: "openssl", cpe: "openssl:openssl", stems: []string{"libcrypto", "libssl", "libcrypto-3", "libssl-3", "libcrypto-3-x64", "libssl-3-x64", "libcrypto-3-arm64", "libssl-3-arm64", "libcrypto-1_1-x64", "libssl-1_1-x64"}, proof: []string{`OPENSSLDIR: "`},
			texts: []text{{"OpenSSL ", `\x00OpenSSL (\d+\.\d+\.\d+[a-z]*(?:-(?:alpha|beta)\d+)?) +(?:FIPS )?\d{1,2} [A-Z][a-z]{2} 20\d\d`}}},
		{name: "pcre", cpe: "pcre:pcre", stems: []string{"libpcre"}, bare: `^(8\.\d\d) 20\d\d-\d\d-\d\d$`},
		{name: "pcre2", cpe: "pcre:pcre2", stems: []string{"libpcre2-8", "libpcre2-16", "libpcre2-32"}, bare: `^(10\.\d\d) 20\d\d-\d\d-\d\d$`},
		{name: "postgresql", cpe: "postgresql:postgresql", stems: []string{"libpq"}},
		{name: "proj", cpe: "osgeo:proj", stems: []string{"libproj"}, texts: []text{{"Rel. ", `\x00Rel\. (\d+\.\d+\.\d+), [A-Z][a-z]+ \d`}}},
		{name: "sqlite", cpe: "sqlite:sqlite", stems: []string{"libsqlite3"}, proof: []string{"unable to delete/modify user-function due to active statements"},
			bare: `^(3\.[2-9]\d\.\d{1,2})$`, bareNamed: `^(3\.\d{1,2}\.\d{1,2}(?:\.\d)?)$`},
		{name: "tcl", cpe: "tcl:tcl", stems: []string{"libtcl8", "libtcl9"}, proof: []string{"tcl_patchLevel\x00"}, bare: `^(8\.6\.\d{1,2}|9\.\d\.\d{1,2})$`},
		{name: "tk", cpe: "tcl:tk", stems: []string{"libtk8", "libtk9", "libtcl9tk9"}, proof: []string{"tk_patchLevel\x00"}, bare: `^(8\.6\.\d{1,2}|9\.\d\.\d{1,2})$`},
		{name: "xz", cpe: "tukaani:xz", stems: []string{"liblzma"}, proof: []string{"Unrecognized error from liblzma"}, bare: `^(5\.\d\.\d{1,2})$`, suffix: release},
		{name: "zlib", cpe: "zlib:zlib", stems: []string{"libz"}, texts: []text{{"flate 1.", ` (?:in|de)flate (1\.\d+(?:\.\d+)*) Copyright 1995-`}}},
		{name: "zlib-ng", cpe: "zlib-ng:zlib-ng", stems: []string{"libz-ng"}, texts: []text{{" zlib-ng ", `\x00 zlib-ng (\d+\.\d+\.\d+)`}}},
		{name: "zstd", cpe: "facebook:zstandard", stems: []string{"libzstd"}, proof: []string{"Restored data doesn't match checksum"}, bare: `^(1\.[45]\.\d{1,2})$`, suffix: release},
	}
}
