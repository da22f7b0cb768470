import ContractCompiler

/// One result of a check.
struct Finding {
    /// The severity, with the names used in configurations.
    enum Severity: String, CaseIterable, Comparable {
        case info
        case warn
        case error

        static func < (lhs: Severity, rhs: Severity) -> Bool {
            (allCases.firstIndex(of: lhs) ?? 0) < (allCases.firstIndex(of: rhs) ?? 0)
        }
    }

    /// A value that proves a difference: one version accepts it and the other rejects it.
    struct Witness {
        /// Says which version accepts the value.
        let description: String
        /// The value as JSON.
        let json: String
    }

    /// The code of the rule, check or diagnostic. It stays the same when messages change.
    let code: String
    var severity: Severity
    /// The message: found and expected values.
    let message: String
    /// The location in the file.
    let location: Location
    /// The place in the document: a JSON Pointer (RFC 6901).
    let pointer: String
    /// The other location of a conflict, or advice.
    var notes: [Diagnostic.Note] = []
    /// A suggested correction, if one is known.
    var fix: String?
    /// The operation that a difference affects: `POST /orders`.
    var operation: String?
    var witness: Witness?
}

extension Finding {
    /// Identifies the finding across runs: twelve hexadecimal digits, computed from the code, the operation or file, and the message, but
    /// not from line numbers.
    var fingerprint: String {
        // FNV-1a (RFC 9923), folded to 48 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in [code, operation ?? location.file.displayPath, pointer, message].joined(separator: "\n").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let digits = String((hash >> 48 ^ hash) & 0xffff_ffff_ffff, radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// Converts a diagnostic of the compiler.
    init(_ diagnostic: Diagnostic, pointer: String = "", code: String? = nil) {
        self.init(
            code: code ?? diagnostic.code.rawValue,
            severity: [.error: .error, .warning: .warn, .note: .info][diagnostic.severity] ?? .error,
            message: diagnostic.message,
            location: diagnostic.location,
            pointer: pointer,
            notes: diagnostic.notes
        )
    }
}
