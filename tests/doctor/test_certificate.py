"""Reading the issuer of a certificate, and surviving what is none."""

import ssl

import trustme

from mi_async.doctor.certificate import issuer_of

CA = trustme.CA(organization_name="뉴스룸 CA", organization_unit_name="proxy")
PEM = CA.issue_cert("mi.example").cert_chain_pems[0].bytes().decode()
DER = ssl.PEM_cert_to_DER_cert(PEM)


def test_the_issuer_of_a_certificate() -> None:
    assert issuer_of(DER) == "뉴스룸 CA"


def test_nothing_of_a_certificate_is_taken_for_granted() -> None:
    assert [issuer_of(DER[:length]) for length in range(200)] == [""] * 200
    for at in range(len(DER)):
        assert isinstance(issuer_of(DER[:at] + b"\xff" + DER[at + 1 :]), str)


def test_names_are_escaped() -> None:
    forged = trustme.CA(organization_name="a\x1b[2J\nok")
    der = ssl.PEM_cert_to_DER_cert(forged.cert_pem.bytes().decode())
    assert issuer_of(der) == "a\\x1b[2J\\nok"
