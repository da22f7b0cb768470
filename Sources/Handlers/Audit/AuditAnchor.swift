public import ContractRuntime
import Digests

/// The head of the chain at a time, kept outside the database. A log that does not contain it was cut off or rewritten.
public struct AuditAnchor: Equatable, Sendable {
    /// The position of the last seal, which is the number of entries of the log.
    public let position: Int
    /// The last seal, in hexadecimal.
    public let head: String
    /// When the database had this head.
    public let time: Timestamp
    /// The key of the code; nil without keys.
    public let key: String?
    /// An HMAC of the other members, in hexadecimal; nil without keys.
    public let code: String?

    /// An anchor of a head, signed with the newest key.
    init(position: Int, head: String, time: Timestamp, keys: AuditKeys?) {
        (self.position, self.head, self.time, key) = (position, head, time, keys?.active.id)
        code = keys.map { Self.code($0.active.secret, position, head, time.description) }
    }

    /// Reads a line of a file of anchors; nil for any other text.
    init?(line: ArraySlice<UInt8>) {
        guard let text = String(validating: line, as: UTF8.self), case .object(let members)? = JSONValue(text) else {
            return nil
        }
        func value(_ name: String) -> JSONValue? { members.first { $0.name.hasSameScalars(as: name) }?.value }
        func string(_ name: String) -> String? { if case .string(let text)? = value(name) { text } else { nil } }
        guard case .number(let number)? = value("position"), let position = Int(number.text), position > 0,
            let head = string("head"), head.utf8.count == 64, let time = string("time").flatMap({ Timestamp($0) })
        else { return nil }
        (self.position, self.head, self.time) = (position, head, time)
        (key, code) = (string("key"), string("code"))
    }

    /// The anchor as one line of JSON, without a line feed.
    public var json: JSONObject {
        JSONObject { json in
            json.member("flotilla_anchor", 1)
            json.member("position", position)
            json.member("head", head)
            json.member("time", time)
            if let key { json.member("key", key) }
            if let code { json.member("code", code) }
        }
    }

    /// Whether the code is the one of the key. True if there is no key to check it with.
    func isGenuine(_ keys: AuditKeys?) -> Bool {
        guard let key, let keys, let place = keys.place(of: key), case .secret(_, let secret) = keys.entries[place]
        else {
            return true
        }
        // traps: both are hexadecimal digits; anything else differs.
        return code == Self.code(secret, position, head, time.description)
    }

    private static func code(_ secret: [UInt8], _ position: Int, _ head: String, _ time: String) -> String {
        HMACSHA256(key: secret).code(for: Array("flotilla-anchor:1\n\(position)\n\(head)\n\(time)\n".utf8)).hexadecimal
    }
}
