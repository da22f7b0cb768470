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
    /// The number of entries that are sealed without a key, or with a lost one.
    public var unprotected = 0
}

/// Verifies a file of exported entries, line by line.
///
/// Each line is JSON: a header, one line for each entry with its seal, a footer. `hash` is the entry's seal (`SealChain`), of the text of `entry`.
/// The footer has a code of the newest key, so that a file cannot be cut off either.
///
/// Not `Sendable`: it reuses buffers.
public struct AuditFileVerifier {
    private var line = 0
    private var months: ClosedRange<String>?
    private var headBefore = ""
    private let keys: AuditKeys?
    private var chain: SealChain
    /// Whether the footer must have a code.
    private var needsCode = false
    private var entries = 0
    private var isComplete = false

    /// A verifier at the start of a file.
    ///
    /// - Parameter keys: The keys of the seals; nil for a file without keys.
    public init(keys: AuditKeys?) {
        self.keys = keys
        chain = SealChain(after: Seal(position: 0, hash: ""), keys: keys)
    }

    /// The header of a file.
    ///
    /// - Parameters:
    ///   - months: As `YYYY-MM`.
    ///   - position: The position of the first entry in the chain, from 1.
    ///   - headBefore: The hash of the entry before it, in hexadecimal; empty at the start of the log.
    ///   - keyBefore: The key of that hash; nil without one.
    static func header(months: ClosedRange<String>, position: Int, headBefore: String, keyBefore: String?) -> String {
        """
        {"flotilla_audit":2,"first_month":"\(months.lowerBound)","last_month":"\(months.upperBound)","first_position":\(position),\
        "head_before":"\(headBefore)","key_before":\(quoted(keyBefore)),"entry":["ordinal","audit_id","actor","action","target_type","target_id","result","details",\
        "microseconds_since_1970"]}
        """
    }

    /// The line of an entry.
    static func line(position: Int, hash: String, key: String?, entry: String) -> String {
        #"{"position":\#(position),"hash":"\#(hash)","key":\#(quoted(key)),"entry":\#(entry)}"#
    }

    /// The footer of a file whose last entry is at `position`.
    static func footer(position: Int, entries: Int, head: String, keys: AuditKeys?) -> String {
        let code = keys.map { Self.code($0.active.secret, position, entries, head) }
        return #"{"entries":\#(entries),"head":"\#(head)","key":\#(quoted(keys?.active.id)),"code":\#(quoted(code))}"#
    }

    private static func code(_ secret: [UInt8], _ position: Int, _ entries: Int, _ head: String) -> String {
        HMACSHA256(key: secret).code(for: Array("flotilla-export:1\n\(position)\n\(entries)\n\(head)\n".utf8))
            .hexadecimal
    }

    /// A JSON string of hexadecimal digits, or null.
    private static func quoted(_ digits: String?) -> String { digits.map { "\"\($0)\"" } ?? "null" }

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
        return AuditFileSummary(
            months: months,
            entries: entries,
            headBefore: headBefore,
            head: chain.head,
            unprotected: chain.unprotected
        )
    }

    private static let footerStart = Array(#"{"entries":"#.utf8)

    private mutating func addHeader(_ bytes: ArraySlice<UInt8>) throws(AuditFileError) {
        guard let header = Members(bytes), let format = header.integer("flotilla_audit"), (1...2).contains(format),
            let first = header.string("first_month"), let last = header.string("last_month"), first <= last,
            let position = header.integer("first_position"), position > 0,
            let before = header.string("head_before"), before.isEmpty || Self.isHash(before.utf8)
        else { throw error("expected the header of an export of the audit log") }
        months = first...last
        headBefore = before
        let key = header.string("key_before")
        needsCode = key != nil || keys != nil && format == 2
        chain = SealChain(after: Seal(position: position - 1, hash: before, key: key), keys: keys)
    }

    private mutating func addEntry(_ bytes: ArraySlice<UInt8>) throws(AuditFileError) {
        var rest = bytes
        func take(_ text: StaticString) -> Bool {
            let start = text.withUTF8Buffer { Array($0) }
            guard rest.starts(with: start) else { return false }
            rest = rest.dropFirst(start.count)
            return true
        }
        func text(_ count: Int) -> String {
            let part = rest.prefix(count)
            rest = rest.dropFirst(count)
            return String(decoding: part, as: UTF8.self)
        }
        guard take(#"{"position":"#) else { throw error("expected an entry or the footer") }
        let digits = rest.prefix { $0 != UInt8(ascii: ",") }
        rest = rest.dropFirst(digits.count)
        guard let position = Int(String(decoding: digits, as: UTF8.self)), take(#","hash":""#) else {
            throw error("expected the position of an entry")
        }
        var seal = Seal(position: position, hash: text(64))
        guard Self.isHash(seal.hash.utf8), take(#"",""#) else { throw error("expected the hash of an entry") }
        if take(#"key":""#) {
            let key = text(rest.prefix { $0 != UInt8(ascii: "\"") }.count)
            guard take(#"",""#) else { throw error("expected the entry") }
            seal.key = key
            needsCode = true
        } else if take(#"key":null"#) {
            guard take(#",""#) else { throw error("expected the entry") }
        }
        guard take(#"entry":"#), rest.last == UInt8(ascii: "}"),
            let entry = String(validating: rest.dropLast(), as: UTF8.self)
        else { throw error("expected the entry") }
        let next = chain.position.addingSaturated(1)
        guard position == next else { throw error("found position \(position), expected \(next)") }
        if let reason = chain.fault(in: seal, entry: entry) { throw error("position \(position): \(reason)") }
        entries = entries.addingSaturated(1)
    }

    private mutating func addFooter(_ bytes: ArraySlice<UInt8>) throws(AuditFileError) {
        guard let footer = Members(bytes), let count = footer.integer("entries"), let text = footer.string("head")
        else {
            throw error("expected the footer")
        }
        guard count == entries else { throw error("found \(entries) entries, expected \(count)") }
        // traps: both are hexadecimal digits.
        guard text == chain.head else { throw error("the head is not the hash of the last entry") }
        try check(code: footer.string("code"), of: footer.string("key"))
        isComplete = true
    }

    /// Verifies the code of the footer, without which entries at the end could be missing. A file without keys has none.
    private func check(code: String?, of key: String?) throws(AuditFileError) {
        guard let key else {
            if needsCode { throw error("the footer has no code, so entries before it may be missing") }
            return
        }
        guard let keys, let place = keys.place(of: key) else { throw error("the key \(key) of the footer is missing") }
        guard case .secret(_, let secret) = keys.entries[place] else { return }
        // traps: both are hexadecimal digits; anything else differs.
        guard code == Self.code(secret, chain.position, entries, chain.head) else {
            throw error("the code of the footer is wrong, so entries before it may be missing")
        }
    }

    private func error(_ reason: String) -> AuditFileError { AuditFileError(line: line, reason: reason) }

    /// Whether a text is a hash in lower-case hexadecimal digits.
    private static func isHash(_ digits: String.UTF8View) -> Bool {
        digits.count == 64 && digits.allSatisfy { $0.hexadecimalDigit != nil && !$0.isUpperCase }
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
