"""Keys as OpenSSH shows them: what ssh-keygen -l said of the same lines."""

import base64

import pytest

from daemon.programs.net.openssh.keys import Encrypted, NoKey, known, private_key
from tests.daemon.programs.net.openssh.agents import ECDSA, ED25519
from tests.daemon.programs.net.openssh.test_ssh_add import private_file

DSA = (
    "AAAAB3NzaC1kc3MAAACBAMZam42dDtyP1MMCvq528qc3GjkWWmHUIeHjfTaVNE381YBRs7oINT2TBw9rlVFgDCQ7YaW6rBAtQ0Im1Dm0+j7M"
    "ubUztZ4eEr6T+pXRV46Kp1h9apql7VaSRzaZqkrIeciRY43K4GkBmHlGbgBMPjf5ktGlL5aI8a2dqTcPpyyVAAAAFQDcYrWkDwmJpAcEoI5u"
    "J1pc33OMKwAAAIAZTM4D7X4Y5vf90vwSqpjMuF7cmSyVRu3SA8/lwWO3tjWnb+5G3Nvu4Q0g2JYQPB2z5QPfSIj/MA3yl/eEqqh2gH2ogmKR"
    "3rmz9R0mbYSLie7amTDNS5b50rXNrVQ2iKMcrY0G6L+Z9IsfkqiL5BH8z1bA4ttw3153azsv3FqX/QAAAIEAlndLMJke6sPhUPcLs0KgRnd1"
    "5uIXRSaUWI/OD40ViyZvLeHaGvZ/H4GbFHs3pbpF+lH2A2RLuyvgLSKkNrFM68PKuuVAs4xmQh8N98L9xclz1rAHdOOvg6A4cEKJ3kxiHZdu"
    "0ihnv5rvyg0TYBh+fFMD/Z0BwZs3NBkr+RpzTyc="
)
RSA = (
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCsGuhsEGA2Xayn9mmjoUzWSpZwBwHbaE6JbS+IS/qHLbHDdyKndumoTn1kFkX4p6ZLI9VPR+3YXi8B"
    "GLLm46eIp+zmyHf/gCG72hZlIZ6VckMmjq0gWlVbJ8FLXaH+3+Ycefz6sxmwue+izvA7X+2KgnVbk6SnUcaLh+uDsSaPtksZpxvSZVFv22pi"
    "XRPdxJhxBNpnKUPPgvb4wCKHQTAx00oQxuFbnK8pOU2Gcb4Qe1TlQqyKPdN6F2eDnU7mZABAhDxwqzKz24haP83XTfvXuftZVYz7L8rGLKpe"
    "ZcZl8GG0/qUX4jRQRnkcDDMJrFzhCqQbqMpV5SqIsDL+uqkR"
)
CERTIFICATE = (
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIAjGtqCyJb3uBmMV8CE9AtgPJEH3ZpNzEVp6XtrvN11+AAAAIKlSdCom"
    "RTrCzk32dfLFTcd/C15Jag1/i0SL8TKQL2+PAAAAAAAAAAAAAAABAAAAAXgAAAAAAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1p"
    "dC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAA"
    "AAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIFhEYf9zbCk9L8U/YwOL"
    "09UQ5HKAzc2f5d6cv7bzh1ZCAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAuifZcIAGtgSRFDM6uS3A5NLnu3OBDTVshlCu+AigFpdUVAXnf7WL+"
    "RxSmqBW8Lttu1v7otm0Toh45yPSl9AgF"
)
P521 = (
    "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABmQnaRjlYQCTzbipThvbobPa0HcNk7KqxAw3ZcUHQTzRhOYeJF4ntb"
    "tlyrfctgpuDkVvTWyMkiI1Wd/Z/VLSIIsgBJZ2FvCN38jx/fQ1b88Hi3DXPd7RudmrFIxywkWPUmGma8slTHm7DsIQ2lQoXdoi1myPl6VknC"
    "IKuU5LrCdwvFPA=="
)
SHOWN = {
    ED25519: "256 SHA256:VhlEyy/ICqJeCKGJTD2nnGNjNiF+8ishm1nQ4veaP0Q x (ED25519)",
    RSA: "2048 SHA256:DJaC9dgE2aC3Pd2DxRlm0qAeo7mQn5tCcGdyU+FLWMA x (RSA)",
    DSA: "1024 SHA256:xKMt0jzXwi+lPXP6qxnHklxaj1443HUgL3RDuXebwEE x (DSA)",
    ECDSA: "256 SHA256:9ldgLNhz15WzBU/Q4Wkk7HZ/pGbd7NNqIz08hH/EaKk x (ECDSA)",
    P521: "521 SHA256:QhKiC9shpqN/36aFTV1prM2uu0y76dbRynydcjzQqEU x (ECDSA)",
    CERTIFICATE: "256 SHA256:VhlEyy/ICqJeCKGJTD2nnGNjNiF+8ishm1nQ4veaP0Q x (ED25519-CERT)",
}


@pytest.mark.parametrize("encoded", SHOWN)
def test_bits_fingerprint_and_kind(encoded: str) -> None:
    key = known(base64.b64decode(encoded), "x")
    assert key
    assert key.described() == SHOWN[encoded]


def test_other_fingerprints() -> None:
    key = known(base64.b64decode(ED25519), "")
    assert key
    assert key.fingerprint("MD5") == "MD5:ee:10:ba:29:63:ad:30:7a:13:48:83:65:90:a1:fb:b0"
    assert key.fingerprint("SHA384") == (
        "SHA384:cV40MGk36AwyrmsWf7hfYdDoUZ2QRj8kIAUmwU4vpufby3YeHkwcpDYB67I/2SFW"
    )


@pytest.mark.parametrize("data", [b"", b"\0\0\0\7ssh-new", base64.b64decode(RSA)[:20]])
def test_what_is_no_key(data: bytes) -> None:
    assert known(data, "") is None


def test_private_keys() -> None:
    key = private_key(private_file("me").encode())
    assert (key.public.data, key.public.comment) == (base64.b64decode(ED25519), "me")
    with pytest.raises(Encrypted):
        private_key(private_file(cipher=b"aes256-ctr").encode())
    for text, said in (
        ("x", "error in libcrypto"),
        (private_file()[:120] + private_file()[-40:], "invalid format"),
    ):
        with pytest.raises(NoKey, match=said):
            private_key(text.encode())
