#if TLS
import ContractRuntime
import NIOSSL

/// A certificate chain and its key, ready for use.
struct ServerCertificate: Sendable {
    let context: NIOSSLContext
    /// When the first certificate in the chain expires, in seconds since 1970.
    let expiry: Int

    /// Reads the chain and the key, and checks that they match.
    init(_ files: ServerConfiguration.TLSFiles) throws(CertificateError) {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(files.certificate) } catch {
            throw CertificateError("no readable PEM certificates in '\(files.certificate)' (\(error))")
        }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(file: files.key, format: .pem) } catch {
            throw CertificateError("no readable PEM key in '\(files.key)' (\(error))")
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        tls.minimumTLSVersion = .tlsv12
        // In order of preference (RFC 7301). A client without this extension gets HTTP/1.1.
        tls.applicationProtocols = ["h2", "http/1.1"]
        do { context = try NIOSSLContext(configuration: tls) } catch {
            throw CertificateError(
                "a key in '\(files.key)' that does not match the certificate in '\(files.certificate)' (\(error))"
            )
        }
        expiry = chain.map { Int($0.notValidAfter) }.min() ?? 0
    }

    /// When the certificate expires, in RFC 3339.
    // traps: a certificate's year is at most 9999.
    var expiryText: String { "\(Timestamp(microsecondsSinceEpoch: Int64(expiry) * 1_000_000))" }
}

/// Why the files of a certificate cannot be used.
struct CertificateError: Error, CustomStringConvertible {
    /// The required content of the files.
    static let expected = "a PEM chain that begins with the server's certificate, and the matching key"

    let description: String

    init(_ description: String) {
        self.description = description
    }
}
#endif
