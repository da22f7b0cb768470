/// An example of the contract, with functions for its type.
public struct ContractExample: Sendable {
    /// The location: `file:line:column`.
    public let place: String
    /// The JSON text of the example.
    public let json: String
    private let rewrite: @Sendable ([UInt8]) throws(InvalidInput) -> [UInt8]

    /// Creates an example that `read` reads and `rule` checks.
    public init<Value: JSONWritable>(
        place: String,
        json: String,
        rule: Rule? = nil,
        _ read: @escaping JSONReading<Value>
    ) {
        self.place = place
        self.json = json
        rewrite = { bytes throws(InvalidInput) in
            JSONWriter.write(try JSONReader.read(bytes, allowsNUL: true, direction: .any, rule: rule, read))
        }
    }

    /// Whether another JSON text is valid in place of the example.
    public func accepts(_ json: [UInt8]) -> Bool {
        do throws(InvalidInput) {
            _ = try rewrite(json)
            return true
        } catch {
            return false
        }
    }

    /// Reads, validates and rewrites the example. Returns the first error or difference, or nil if there is none.
    ///
    /// Defaults may add members, and times and ids may change to their normal form.
    public func problem() -> String? {
        do throws(InvalidInput) {
            let written = try rewrite(Array(json.utf8))
            guard let before = JSONValue(json), let after = JSONValue(written) else { return "not JSON" }
            return Self.difference(before, after, "")
        } catch {
            return error.violations.map { "\($0.pointer) \($0.keyword): \($0.message)" }.joined(separator: "; ")
        }
    }

    private static func difference(_ before: JSONValue, _ after: JSONValue, _ pointer: String) -> String? {
        switch (before, after) {
        case (.object(let members), .object):
            for member in members {
                let place = "\(pointer)/\(JSONLocator.escape(member.name))"
                guard let value = after[member.name] else {
                    // A missing optional member is equal to null.
                    if member.value == .null { continue }
                    return "\(place) is not in the schema and was dropped"
                }
                if let difference = difference(member.value, value, place) { return difference }
            }
            return nil
        case (.array(let lhs), .array(let rhs)) where lhs.count == rhs.count:
            for (index, pair) in zip(lhs, rhs).enumerated() {
                if let difference = difference(pair.0, pair.1, "\(pointer)/\(index)") { return difference }
            }
            return nil
        case (.string(let lhs), .string(let rhs)) where Timestamp(lhs) != nil || lhs.lowercased() == rhs:
            return Timestamp(lhs) == Timestamp(rhs) ? nil : "\(pointer) changed from \(lhs) to \(rhs)"
        // A decimal may be a string or a number.
        case (.string(let lhs), .number(let rhs)) where JSONNumber(lhs) == rhs: return nil
        case (.number(let lhs), .number(let rhs)) where Double(lhs.text) == Double(rhs.text): return nil
        default: return before == after ? nil : "\(pointer) changed from \(before) to \(after)"
        }
    }
}
