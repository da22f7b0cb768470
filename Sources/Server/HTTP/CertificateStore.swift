#if TLS
import Handlers
import Logging
import NIOSSL
import Synchronization

/// The certificate for new connections. It is reloaded when its files change; open connections keep theirs.
final class CertificateStore: Sendable {
    /// The result of checking the files.
    enum CheckResult: Equatable {
        /// The files did not change.
        case unchanged
        /// A new certificate and key were loaded.
        case replaced
        /// The files cannot be used. The previous certificate stays in use.
        case refused
    }

    private struct State {
        var certificate: ServerCertificate
        /// The identities of the files when `certificate` was loaded.
        var identities: [FileIdentity?]
        /// Newer files that cannot be used.
        var refused: (identities: [FileIdentity?], isReported: Bool)?
    }

    /// The time between two checks of the files.
    static let interval = Duration.seconds(2)

    private let files: ServerConfiguration.TLSFiles
    private let state: Mutex<State>
    private let logger: Logger

    /// Loads the certificate and its key.
    init(_ files: ServerConfiguration.TLSFiles, logger: Logger) throws(CertificateError) {
        self.files = files
        self.logger = logger
        let identities = FileIdentity.of(files)
        let certificate = try ServerCertificate(files)
        state = Mutex(State(certificate: certificate, identities: identities))
    }

    /// The TLS context for the next connection.
    var context: NIOSSLContext { state.withLock { $0.certificate.context } }

    /// Checks for changed files until it is cancelled.
    func run(every interval: Duration, telemetry: Telemetry) async {
        repeat {
            let result = check()
            let expiry = state.withLock { $0.certificate.expiry }
            telemetry.recordCertificate(expiresAt: expiry, areFilesRefused: result == .refused)
        } while (try? await Task.sleep(for: interval)) != nil
    }

    /// Reloads the files if they have changed.
    func check() -> CheckResult {
        // Taken before the files are read, so that the next check notices a change during the read.
        let found = FileIdentity.of(files)
        guard found != state.withLock({ $0.identities }) else {
            state.withLock { $0.refused = nil }
            return .unchanged
        }
        do throws(CertificateError) {
            let certificate = try ServerCertificate(files)
            state.withLock { $0 = State(certificate: certificate, identities: found) }
            logger.notice(
                "loaded the new certificate in TLS_CERTIFICATE; new connections get it",
                metadata: ["expires": "\(certificate.expiryText)"]
            )
            return .replaced
        } catch {
            refuse(found, error)
            return .refused
        }
    }

    /// Reports unusable files once. Two files cannot be replaced atomically, so the first check tolerates them.
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
            The previous certificate stays in use until it expires at \(expiry). Replace the files; no restart is needed.
            """
        )
    }
}
#endif
