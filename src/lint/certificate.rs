//! The certificate of whoever signed: what Authenticode's block (a CMS `SignedData`, RFC 5652) says of it. Nothing is verified
//! here: that takes the machine's authorities, and the machine does it.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::{Decode as _, Encode as _, SliceReader};
use jiff::Timestamp;

use super::Checked;
use crate::diagnostics::lints::{SIGNATURE_EXPIRED, SIGNATURE_SELF_SIGNED};

/// The attributes that hold a time stamp: Microsoft's of RFC 3161, and the countersignature of PKCS #9.
const TIME_STAMPS: [&str; 2] = ["1.3.6.1.4.1.311.3.3.1", "1.2.840.113549.1.9.6"];

/// What Authenticode signs: `SPC_INDIRECT_DATA`.
const INDIRECT_DATA: &str = "1.3.6.1.4.1.311.2.1.4";

/// What is known of whoever signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Signer {
    is_self_signed: bool,
    /// Whether somebody else says when it was signed: then it does not matter that the certificate has expired since.
    has_time_stamp: bool,
    not_after: Timestamp,
}

/// Tells what is odd about the signature `der` at the time `now`; false where it is none.
pub(super) fn check(checked: &mut Checked<'_>, der: &[u8], now: Timestamp) -> bool {
    let Some(signed) = signed(der) else {
        return false;
    };
    if let Some(signer) = signer(&signed) {
        tell(checked, signer, now);
    }
    true
}

fn tell(checked: &mut Checked<'_>, signer: Signer, now: Timestamp) {
    if signer.not_after < now && !signer.has_time_stamp {
        let day = signer.not_after.to_string();
        let day = day.split('T').next().unwrap_or_default();
        checked.tell(
            &SIGNATURE_EXPIRED,
            &format!(
                "is signed with a certificate that expired on {day}, and without a time stamp"
            ),
            "sign it anew, with `-TimestampServer`: then the signature outlives the certificate",
        );
    }
    if signer.is_self_signed {
        checked.tell(
            &SIGNATURE_SELF_SIGNED,
            "is signed with a certificate that vouches for itself",
            "sign it with one of an authority that the machines trust: others take this for no signature",
        );
    }
}

/// What is signed, where that is what Authenticode signs, and somebody signed it.
fn signed(der: &[u8]) -> Option<SignedData> {
    // A signature in an executable is padded.
    let info = ContentInfo::decode(&mut SliceReader::new(der).ok()?).ok()?;
    let signed: SignedData = info.content.decode_as().ok()?;
    let is_authenticode = signed.encap_content_info.econtent_type.to_string() == INDIRECT_DATA;
    (is_authenticode && !signed.signer_infos.0.is_empty()).then_some(signed)
}

fn signer(signed: &SignedData) -> Option<Signer> {
    let signer = signed.signer_infos.0.iter().next()?;
    let SignerIdentifier::IssuerAndSerialNumber(id) = &signer.sid else {
        return None;
    };
    let certificates = signed.certificates.iter().flat_map(|it| it.0.iter());
    let mut tbs = certificates.filter_map(|certificate| match certificate {
        CertificateChoices::Certificate(certificate) => Some(certificate.tbs_certificate()),
        CertificateChoices::Other(_) => None,
    });
    let certificate = tbs.find(|it| {
        let IssuerAndSerialNumber {
            issuer,
            serial_number,
        } = id;
        it.issuer() == issuer && it.serial_number() == serial_number
    })?;
    let not_after = certificate.validity().not_after.to_unix_duration();
    Some(Signer {
        is_self_signed: certificate.issuer().to_der().ok()?
            == certificate.subject().to_der().ok()?,
        has_time_stamp: has_time_stamp(signer),
        not_after: Timestamp::from_second(i64::try_from(not_after.as_secs()).ok()?).ok()?,
    })
}

fn has_time_stamp(signer: &SignerInfo) -> bool {
    let attributes = signer.unsigned_attrs.iter().flat_map(|it| it.iter());
    attributes
        .into_iter()
        .any(|it| TIME_STAMPS.contains(&it.oid.to_string().as_str()))
}
