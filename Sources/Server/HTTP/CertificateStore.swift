import Handlers
import Logging
import NIOSSL
import Synchronization

/// The certificate that new connections get. It is read again when its files change; open connections keep theirs.
final class CertificateStore: Sendable {
    /// What a look at the files found.
    enum Look: Equatable {
        /// The files that are served already.
        case unchanged
        /// Another certificate and its key, which are served from now on.
        case replaced
        /// Files that cannot be used. The certificate that was served before is served on.
        case refused
    }

    private struct State {
        var certificate: ServerCertificate
        /// The files as they were when `certificate` was read.
        var identities: [FileIdentity?]
        /// Files that were read since and cannot be used.
        var refused: (identities: [FileIdentity?], isReported: Bool)?
    }

    /// The time from one look at the files to the next.
    static let interval = Duration.seconds(2)

    private let files: ServerConfiguration.TLSFiles
    private let state: Mutex<State>
    private let logger: Logger

    /// Reads the certificate and its key.
    init(_ files: ServerConfiguration.TLSFiles, logger: Logger) throws(CertificateError) {
        self.files = files
        self.logger = logger
        let identities = FileIdentity.of(files)
        let certificate = try ServerCertificate(files)
        state = Mutex(State(certificate: certificate, identities: identities))
    }

    /// What the next connection is served with.
    var context: NIOSSLContext { state.withLock { $0.certificate.context } }

    /// Looks for changed files until it is cancelled.
    func run(every interval: Duration = CertificateStore.interval, telemetry: Telemetry) async {
        repeat {
            let look = look()
            let expiry = state.withLock { $0.certificate.expiry }
            telemetry.recordCertificate(expiresAt: expiry, areFilesRefused: look == .refused)
        } while (try? await Task.sleep(for: interval)) != nil
    }

    /// Reads the files if they have changed.
    func look() -> Look {
        // Taken before the files are read, so that a change during the reading is found by the next look.
        let found = FileIdentity.of(files)
        guard found != state.withLock({ $0.identities }) else {
            state.withLock { $0.refused = nil }
            return .unchanged
        }
        do throws(CertificateError) {
            let certificate = try ServerCertificate(files)
            state.withLock { $0 = State(certificate: certificate, identities: found) }
            logger.notice(
                "new connections get the certificate that was found in TLS_CERTIFICATE",
                metadata: ["expires": "\(certificate.expiryText)"]
            )
            return .replaced
        } catch {
            refuse(found, error)
            return .refused
        }
    }

    /// Reports files that cannot be used, once. Two files cannot be replaced at the same moment, so the first look tolerates them.
    private func refuse(_ found: [FileIdentity?], _ error: CertificateError) {
        let (isDue, expiry) = state.withLock { state in
            guard let refused = state.refused, refused.identities == found else {
                state.refused = (found, isReported: false)
                return (false, state.certificate.expiryText)
            }
            state.refused?.isReported = true
            return (!refused.isReported, state.certificate.expiryText)
        }
        guard isDue else { return }
        logger.error(
            """
            TLS_CERTIFICATE, TLS_KEY: found \(error), expected \(CertificateError.expected). \
            The previous certificate is served until it expires at \(expiry). Put usable files in place; no restart is needed.
            """
        )
    }
}
