import ContractCompiler

/// One thing that a check found.
struct Finding {
    /// How bad it is. The words are those of configurations.
    enum Severity: String, CaseIterable, Comparable {
        case info
        case warn
        case error

        static func < (lhs: Severity, rhs: Severity) -> Bool {
            (allCases.firstIndex(of: lhs) ?? 0) < (allCases.firstIndex(of: rhs) ?? 0)
        }
    }

    /// What shows that a difference breaks something: a value that one side takes and the other refuses.
    struct Witness {
        /// What the value is, and which side takes it.
        let description: String
        /// The value as JSON.
        let json: String
    }

    /// The rule, the check or the diagnostic's code: a name that stays when messages change.
    let code: String
    var severity: Severity
    /// What was found and what was expected.
    let message: String
    /// Where.
    let location: Location
    /// Where in its file: a JSON Pointer (RFC 6901).
    let pointer: String
    /// The other end of a conflict, or advice.
    var notes: [Diagnostic.Note] = []
    /// What would mend it, where that is known.
    var fix: String?
    /// The operation whose clients a difference concerns: `POST /orders`.
    var operation: String?
    var witness: Witness?
}

extension Finding {
    /// What identifies the finding from one run to the next: twelve hexadecimal digits, made of the code, the operation or the file,
    /// and the words, but of no line numbers.
    var fingerprint: String {
        // FNV-1a (RFC 9923), folded to 48 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in [code, operation ?? location.file.displayPath, pointer, message].joined(separator: "\n").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let digits = String((hash >> 48 ^ hash) & 0xffff_ffff_ffff, radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// The finding that a diagnostic of the compiler is.
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
