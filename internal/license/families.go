package license

// families class the identifiers of ListVersion: a name, or name* for all that begin so; a whole name
// speaks before a family, a longer family before a shorter one. What stands under Unknown is there on
// purpose: it is no licence by itself.
var families = []struct {
	class Class
	names string
}{
	{Permissive, `0BSD 3D-Slicer-1.0 AAL Abstyles AdaCore-doc Adobe-* ADSL AFL-* Afmparse AMD-newlib AMDPLPA AML* AMPAS ANTLR-PD*
		Apache-* APAFML App-s2p Artistic-dist Aspell-RU ASWF-* Baekmuk Bahyph Barr bcrypt-* Beerware Bitstream-* blessing
		BlueOak-* Boehm-GC* Borceux Brian-Gladman-* BSD-* BSL-1.0 bzip2-* Caldera* Catharon CC-BY-1.0 CC-BY-2* CC-BY-3* CC-BY-4*
		CC-PDDC CC-PDM-1.0 CC0-1.0 CDLA-Permissive-* CDL-1.0 CECILL-B CERN-OHL-P-* CFITSIO check-cvs checkmk Clips CMU-Mach* CNRI-*
		COIL-1.0 Community-Spec-1.0 Condor-1.1 Cornell-Lossless-JPEG Cronyx Crossword CryptoSwift CrystalStacker Cube curl cve-tou
		DEC-3-Clause diffmark DL-DE-* DOC DocBook-* Dotseqn DRL-* DSDP dtoa dvipdfm ECL-* EFL-* eGenix Entessa EPICS
		etalab-2.0 EUDatagrid Eurosym Fair FBM Ferguson-Twofish FreeBSD-DOC FSFAP* FSFUL* FTL Furuseth fwlw
		Game-Programming-Gems GCR-docs GD generic-xts Giftware GL2PS Glulxe GLWTPL Graphics-Gems gtkbook Gutmann HaskellReport HDF5
		hdparm HIDAPI HP-* HPND* HTMLTIDY IBM-pibs ICU IJG* ImageMagick Imlib2 Info-ZIP Inner-Net-2.0 InnoSetup Intel Intel-ACPI ISC*
		Jam JasPer-2.0 jove JPL-image JPNIC Kastrup Kazlib Knuth-CTAN Latex2e* Leptonica libpng* libselinux-1.0 libtiff
		libutil-David-Nugent LiLiQ-P-* Linux-man-pages-1-para Linux-OpenIB LOOP LPD-document lsof Lucida-Bitmap-Fonts LZMA-SDK-* Mackerras-*
		magaz mailprio MakeIndex man2html Martin-Birgmeier McPhee-slideshow metamail Minpack MIPS MirOS MIT* MMIXware MPEG-SSG
		mpi-permissive mpich2 mplus MS-PL MTLL MulanPSL-* Multics Mup NAIST-2003 Naumen NBPL-1.0 NCBI-PD NCL NCSA Net-SNMP NetCDF
		Newsletr ngrep NICTA-1.0 NIST-* NLOD-* NLPL Noweb NRL NTIA-PD NTP* Nunit O-UDA-1.0 OAR ODC-By-1.0 OFFIS OGC-1.0
		OGDL-Taiwan-1.0 OGL-* OLDAP-* OLFL-1.3 OML OpenSSL* OpenVision OPL-UK-3.0 PADL PDDL-1.0 PHP-* Pixar pkgconf Plexus pnmstitch
		PostgreSQL PSF-2.0 psfrag psutils Python-* python-ldap Qhull radvd Rdisc RSA-MD Ruby-pty SAX-PD* Saxpath SchemeReport
		Sendmail-Open-Source-1.1 SGI-B-2.0 SGI-OpenGL SGP4 SHL-* SL SMLNJ snprintf SOFA softSurfer Soundex Spencer-* ssh-keyscan SSH-* SSLeay-standalone
		StandardML-NJ Sun-PPP* SunPro SWL swrule Symlinks TCL TCP-wrappers TermReadKey ThirdEye threeparttable TORQUE-1.1 TPDL
		TrustedQSL TTWL TTYP0 TU-Berlin-* UCAR ulem UMich-Merit Unicode-* UnixCrypt Unlicense* UPL-1.0 URT-RLE VSL-1.0 W3C* w3m
		Widget-Workshop Wsuipa WTFPL wwl X11* Xdebug-1.03 Xerox Xfig XFree86-1.1 xinetd xkeyboard-config-Zinoviev xlock Xnet xpp XSkat
		xzoom Zed Zeeff Zend-2.0 Zlib zlib-acknowledgement ZPL-*`},
	{WeakCopyleft, `APL-1.0 APSL-* Arphic-1999 Artistic-1.0* Artistic-2.0 BitTorrent-* CATOSL-1.1 CDDL-* CECILL-C CERN-OHL-W-* ClArtistic
		CPL-1.0 CUA-OPL-1.0 eCos-2.0 EPL-* ErlPL-1.1 FDK-AAC FreeImage Frameworx-1.0 Glide gnuplot gSOAP-1.3b
		GPL-2.0-with-* GPL-3.0-with-* iMatix Interbase-1.0 IPA IPL-1.0 LGPL-* LGPLLR LiLiQ-R-* Linux-man-pages-copyleft* LPL-* LPPL-* Motosoto MPL-*
		MS-RL NASA-1.3 NGPL Nokia NOSL NPL-* OCCT-PL OCLC-2.0 OFL-* OGTSL OPL-1.0 OSET-PL-2.1 PPL RHeCos-1.1 RPSL-1.0 RSCPL Ruby SCEA
		Sendmail Sendmail-8.23 SGI-B-1.0 SGI-B-1.1 SISSL* SNIA SPL-1.0 SugarCRM-1.1.3 TOSL TPL-1.0 Ubuntu-font-1.0 UCL-1.0 Vim
		VOSTROM wxWindows YPL-* Zimbra-*`},
	{StrongCopyleft, `BSD-Protection CC-BY-SA-* CC-SA-1.0 CDLA-Sharing-1.0 CECILL-1* CECILL-2* CERN-OHL-1* CERN-OHL-S-* copyleft-next-* D-FSL-1.0 GFDL-* GPL-*
		LAL-* ODbL-1.0 OPUBL-1.0 QPL-* SimPL-2.0 Sleepycat SMAIL-GPL TAPR-OHL-1.0 TGPPL-1.0 TMate`},
	{Network, `AGPL-* CAL-1.0* CPAL-1.0 EUPL-* LiLiQ-Rplus-* NPOSL-3.0 OSL-* Parity-* RPL-* SSPL-1.0 Watcom-1.0`},
	{Proprietary, `Aladdin BSD-3-Clause-No-Military-License BSD-3-Clause-No-Nuclear-License BSD-3-Clause-No-Nuclear-License-2014 BUSL-1.1 C-UDA-1.0
		CC-BY-NC-* CC-BY-ND-* CPOL-1.02 Elastic-2.0 FSL-* Hippocratic-2.1 IEC-Code-Components-EULA JSON MITNFA MS-LPL NCGL-UK-2.0
		OpenPBS-2.3 PolyForm-* SMPPL SUL-1.0`},
	{Unknown, `any-OSI any-OSI-perl-modules`},
}

// lenient are the exceptions that let other works link with the licensed one, or that free what a tool
// under the licence puts out.
const lenient = `389-exception Autoconf-exception-2.0 Autoconf-exception-3.0 Autoconf-exception-generic Autoconf-exception-generic-3.0
	Autoconf-exception-macro Bison-exception-1.24 Bison-exception-2.2 CGAL-linking-exception Classpath-exception-2.0 CLISP-exception-2.0
	eCos-exception-2.0 erlang-otp-linking-exception Fawkes-Runtime-exception Font-exception-2.0 freertos-exception-2.0 GCC-exception-2.0
	GCC-exception-2.0-note GCC-exception-3.1 Gmsh-exception GNAT-exception GNOME-examples-exception GNU-compiler-exception
	gnu-javamail-exception GPL-3.0-389-ds-base-exception GPL-3.0-interface-exception GPL-3.0-linking-exception
	GPL-3.0-linking-source-exception i2p-gpl-java-exception Independent-modules-exception KiCad-libraries-exception Libtool-exception
	Linux-syscall-note mif-exception mxml-exception OpenJDK-assembly-exception-1.0 PCRE2-exception PS-or-PDF-font-exception-20170817
	Qt-GPL-exception-1.0 SANE-exception SWI-exception Texinfo-exception u-boot-exception-2.0 UBDL-exception
	Universal-FOSS-exception-1.0 WxWindows-exception-3.1`
