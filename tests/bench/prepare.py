"""What the benchmark needs: tools, requests, configurations and the peers' packages, all under tests/bench/build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["FAST", "PROXY", "ROOT", "SLOW", "WORK", "body_of", "prepare", "spyne_python"]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WORK = HERE / "build"

# ports of the vendor (at once, after 50 ms) and of the proxy
FAST, SLOW, PROXY = 19580, 19582, 19581

# command: Debian package
TOOLS = {"wrk": "wrk", "nginx": "nginx-light", "taskset": "util-linux", "node": "nodejs", "npm": "npm"}
ECHO_MODULES = (
    Path("/usr/lib/nginx/modules/ngx_http_echo_module.so"),
    Path("/usr/lib64/nginx/modules/ngx_http_echo_module.so"),
)

REQUEST = """<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sms="http://localhost:9587/wsdl/sms">
<soapenv:Header/>
<soapenv:Body>
<sms:sendSms>
<username>admin</username>
<password>123456</password>
<type>1</type>
<sendingType>{sending_type}</sendingType>
<title>Test message</title>
<content>Test mesajı içeriğidir, dikkate almayınız. &gt; &amp; abc</content>
{recipients}
<encoding>1</encoding>
<sender>BASLIK</sender>
<periodicSettings></periodicSettings>
<sendingDate></sendingDate>
<validity>60</validity>
<pushSettings></pushSettings>
<commercial></commercial>
</sms:sendSms>
</soapenv:Body>
</soapenv:Envelope>
"""

CONFIGURATION = """[log]
level = "{level}"
format = "json"

[vendors.main]
kind = "node"
base_url = "http://127.0.0.1:{port}/"

[[accounts]]
username = "admin"
password = "123456"
vendor = "main"
[accounts.credentials]
username = "admin"
password = "123456"
"""


def prepare() -> None:
    """Makes build/ complete. Ends the program with the names of packages where tools are missing."""
    need_tools()
    (WORK / "tmp").mkdir(parents=True, exist_ok=True)
    body_of(None)
    for name in ("vendor.conf", "proxy.conf"):
        (WORK / name).write_text(filled((HERE / "conf" / name).read_text()))
    for vendor, port in (("fast", FAST), ("slow", SLOW)):
        (WORK / f"{vendor}.toml").write_text(CONFIGURATION.format(level="warning", port=port))
    (WORK / "logging.toml").write_text(CONFIGURATION.format(level="info", port=FAST))
    (WORK / "sms.wsdl").write_bytes(run([sys.executable, "-m", "bridge", "wsdl"]))
    install_node_soap()
    install_spyne()


def need_tools() -> None:
    packages = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if not any(map(Path.exists, ECHO_MODULES)):
        packages.append("libnginx-mod-http-echo")
    if packages:
        raise SystemExit(f"missing: apt install --no-install-recommends {' '.join(packages)}")


def filled(text: str) -> str:
    """A configuration of nginx with its places filled in."""
    echo = next(filter(Path.exists, ECHO_MODULES))
    for name, value in {"ECHO": echo, "WORK": WORK, "FAST": FAST, "SLOW": SLOW, "PROXY": PROXY}.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def body_of(numbers: int | None) -> Path:
    """The file with the documented sendSms: one `number` (None), or that many in `numbers`."""
    path = WORK / ("single.xml" if numbers is None else f"numbers-{numbers}.xml")
    if not path.exists():
        recipients = "<number>905511034554</number>"
        if numbers is not None:
            items = "\n".join(f"<item>90551{n:07d}</item>" for n in range(numbers))
            recipients = f"<numbers>\n{items}\n</numbers>"
        path.write_text(REQUEST.format(sending_type=0 if numbers is None else 1, recipients=recipients))
    return path


def run(command: list[str], **options: object) -> bytes:
    """The standard output of a command. Ends the program with its errors when it fails."""
    done = subprocess.run(command, capture_output=True, check=False, cwd=options.pop("cwd", ROOT), **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def install_node_soap() -> None:
    folder = WORK / "node-soap"
    shutil.copytree(HERE / "peers" / "node-soap", folder, dirs_exist_ok=True)
    if not (folder / "node_modules").exists():
        print("installing node-soap", file=sys.stderr)
        run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"], cwd=folder)


def spyne_python() -> Path | None:
    """The Python of the spyne peer, or None where there is no Python 3.11 to run it."""
    python = WORK / "spyne" / "bin" / "python"
    return python if python.exists() else None


def install_spyne() -> None:
    """An environment of its own, so that neither the peer's packages nor ours change the other's."""
    base = next((name for name in (sys.executable, "python3.11", "python3") if is_python_3_11(name)), None)
    if spyne_python() or base is None:
        return
    print("installing spyne and gunicorn", file=sys.stderr)
    run([base, "-m", "venv", str(WORK / "spyne")])
    requirements = HERE / "peers" / "spyne" / "requirements.txt"
    run([str(WORK / "spyne/bin/python"), "-m", "pip", "install", "--quiet", "-r", str(requirements)])


def is_python_3_11(name: str) -> bool:
    test = "import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))"
    try:
        return not subprocess.run([name, "-c", test], check=False, capture_output=True, env=os.environ).returncode
    except OSError:
        return False
