import ContractRuntime
import Digests

/// An error in a file of exported entries.
public struct AuditFileError: Error, CustomStringConvertible {
    /// The number of the line, from 1.
    public let line: Int
    /// The error: the text that was found and the text that was expected.
    public let reason: String

    /// The line and the reason.
    public var description: String { "line \(line): \(reason)" }
}

/// The contents of a file of exported entries.
public struct AuditFileSummary: Equatable, Sendable {
    /// The months of its entries, as `YYYY-MM`.
    public var months: ClosedRange<String>
    /// How many entries it has.
    public var entries: Int
    /// The hash of the last entry before its first one, in hexadecimal; empty at the start of the log.
    public var headBefore: String
    /// The hash of its last entry, in hexadecimal.
    public var head: String
}

/// Verifies a file of exported entries, line by line.
///
/// Each line is JSON: a header, one line for each entry with its seal, a footer. The `hash` of an entry is the SHA-256 of the previous hash and
/// of the text of `entry`.
public struct AuditFileVerifier {
    private var line = 0
    private var months: ClosedRange<String>?
    private var headBefore = ""
    private var head: [UInt8] = []
    private var nextPosition = 0
    private var entries = 0
    private var isComplete = false

    /// A verifier at the start of a file.
    public init() {}

    /// The header of a file.
    ///
    /// - Parameters:
    ///   - months: As `YYYY-MM`.
    ///   - position: The position of the first entry in the chain, from 1.
    ///   - headBefore: The hash of the entry before it, in hexadecimal; empty at the start of the log.
    static func header(months: ClosedRange<String>, position: Int, headBefore: String) -> String {
        """
        {"flotilla_audit":1,"first_month":"\(months.lowerBound)","last_month":"\(months.upperBound)","first_position":\(position),\
        "head_before":"\(headBefore)","entry":["ordinal","audit_id","actor","action","target_type","target_id","result","details",\
        "microseconds_since_1970"]}
        """
    }

    /// The line of an entry.
    static func line(position: Int, hash: String, entry: String) -> String {
        #"{"position":\#(position),"hash":"\#(hash)","entry":\#(entry)}"#
    }

    /// The footer of a file.
    static func footer(entries: Int, head: String) -> String { #"{"entries":\#(entries),"head":"\#(head)"}"# }

    /// Takes the next line, without its line feed.
    public mutating func add(_ bytes: ArraySlice<UInt8>) throws(AuditFileError) {
        line = line.addingSaturated(1)
        guard !isComplete else { throw error("there is a line after the footer") }
        if months == nil { return try addHeader(bytes) }
        if bytes.starts(with: Self.footerStart) { return try addFooter(bytes) }
        try addEntry(bytes)
    }

    /// The contents of the file.
    ///
    /// - Throws: When the footer is missing.
    public func summary() throws(AuditFileError) -> AuditFileSummary {
        guard let months, isComplete else { throw error("the file ends without its footer") }
        return AuditFileSummary(months: months, entries: entries, headBefore: headBefore, head: head.hexadecimal)
    }

    private static let footerStart = Array(#"{"entries":"#.utf8)

    private mutating func addHeader(_ bytes: ArraySlice<UInt8>) throws(AuditFileError) {
        guard let header = Members(bytes), header.integer("flotilla_audit") == 1,
            let first = header.string("first_month"), let last = header.string("last_month"), first <= last,
            let position = header.integer("first_position"), position > 0,
            let text = header.string("head_before"), let before = Self.bytes(of: text),
            before.isEmpty || before.count == 32
        else { throw error("expected the header of an export of the audit log") }
        months = first...last
        nextPosition = position
        (headBefore, head) = (text, before)
    }

    private mutating func addEntry(_ bytes: ArraySlice<UInt8>) throws(AuditFileError) {
        var rest = bytes
        func take(_ text: StaticString) -> Bool {
            let start = text.withUTF8Buffer { Array($0) }
            guard rest.starts(with: start) else { return false }
            rest = rest.dropFirst(start.count)
            return true
        }
        guard take(#"{"position":"#) else { throw error("expected an entry or the footer") }
        let digits = rest.prefix { $0 != UInt8(ascii: ",") }
        rest = rest.dropFirst(digits.count)
        guard let position = Int(String(decoding: digits, as: UTF8.self)), take(#","hash":""#) else {
            throw error("expected the position of an entry")
        }
        let hash = rest.prefix(64)
        rest = rest.dropFirst(hash.count)
        guard let seal = Self.bytes(of: String(decoding: hash, as: UTF8.self)), seal.count == 32, take(#"","entry":"#),
            rest.last == UInt8(ascii: "}")
        else { throw error("expected the hash of an entry, and the entry") }
        guard position == nextPosition else { throw error("found position \(position), expected \(nextPosition)") }
        var sum = SHA256()
        sum.update(head)
        sum.update(rest.dropLast())
        guard sum.hash == seal else {
            throw error("the entry at position \(position) does not match its seal")
        }
        head = seal
        nextPosition = nextPosition.addingSaturated(1)
        entries = entries.addingSaturated(1)
    }

    private mutating func addFooter(_ bytes: ArraySlice<UInt8>) throws(AuditFileError) {
        guard let footer = Members(bytes), let count = footer.integer("entries"), let text = footer.string("head")
        else {
            throw error("expected the footer")
        }
        guard count == entries else { throw error("found \(entries) entries, expected \(count)") }
        // traps: both are hexadecimal digits.
        guard text == head.hexadecimal else { throw error("the head is not the hash of the last entry") }
        isComplete = true
    }

    private func error(_ reason: String) -> AuditFileError { AuditFileError(line: line, reason: reason) }

    /// Decodes lower-case hexadecimal digits; nil if the text contains anything else.
    private static func bytes(of digits: String) -> [UInt8]? {
        let values = digits.utf8.compactMap { $0.isUpperCase ? nil : $0.hexadecimalDigit }
        guard values.count == digits.utf8.count, values.count % 2 == 0 else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}

extension UInt8 {
    fileprivate var isUpperCase: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
}

/// The members of a line.
private struct Members {
    private let members: [JSONMember]

    init?(_ bytes: ArraySlice<UInt8>) {
        guard let text = String(validating: bytes, as: UTF8.self), case .object(let members)? = JSONValue(text) else {
            return nil
        }
        self.members = members
    }

    private subscript(name: String) -> JSONValue? {
        members.first { $0.name.hasSameScalars(as: name) }?.value
    }

    func string(_ name: String) -> String? {
        if case .string(let text)? = self[name] { return text }
        return nil
    }

    func integer(_ name: String) -> Int? {
        if case .number(let number)? = self[name] { return Int(number.text) }
        return nil
    }
}
