import Configuration
import ContractRuntime
import Generated
import Synchronization

/// Typed access to the configuration's variables, with errors that name them. An empty variable counts as absent.
struct Variables {
    private let reader: ConfigReader
    private let log: VariableLog?

    /// Reads variables from `reader`.
    init(reader: ConfigReader, log: VariableLog? = nil) {
        self.reader = reader
        self.log = log
    }

    /// Reads only the given variables.
    ///
    /// - Parameter log: Records which variables are read.
    init(values: [String: String], log: VariableLog? = nil) {
        self.init(reader: ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: values)), log: log)
    }

    subscript(name: String) -> String? {
        log?.note(name, expected: "text", default: nil)
        return value(name)
    }

    private func value(_ name: String) -> String? {
        let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
        let value = reader.string(forKey: key, isSecret: true)
        return value?.isEmpty == true ? nil : value
    }

    func integer(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(ConfigurationError) -> Int {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        log?.note(name, expected: expected, default: "\(standard)")
        guard let text = value(name) else { return standard }
        guard let value = Int(text), range.contains(value) else {
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: expected)
        }
        return value
    }

    /// Reads a decimal that is not negative.
    func decimal(_ name: String, default standard: Decimal) throws(ConfigurationError) -> Decimal {
        let expected = "a decimal number, not negative"
        log?.note(name, expected: expected, default: "\(standard)")
        guard let text = value(name) else { return standard }
        guard let value = Decimal(text), value.coefficient >= 0 else {
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: expected)
        }
        return value
    }

    /// Reads a number from 0 to 1.
    func fraction(_ name: String, default standard: Double) throws(ConfigurationError) -> Double {
        let expected = "a fraction from 0 to 1"
        log?.note(name, expected: expected, default: "\(standard)")
        guard let text = value(name) else { return standard }
        guard let value = Double(text), (0...1).contains(value) else {
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: expected)
        }
        return value
    }

    /// Reads the name of a currency that the contract accepts.
    func currency(_ name: String) throws(ConfigurationError) -> String? {
        let expected = "a currency of at most 16 characters"
        log?.note(name, expected: expected, default: nil)
        guard let text = value(name) else { return nil }
        let entry = JSONObject { json in
            json.member("currency", text)
            json.member("rate", 1)
            json.member("timestamp", Timestamp.now)
        }
        guard (try? ReportedFxRate(json: entry.bytes)) != nil else {
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: expected)
        }
        return text
    }

    /// Reads comma-separated values.
    ///
    /// - Parameters:
    ///   - kind: The format of one value, for the error message.
    ///   - allowsSpaces: Whether a value may contain spaces.
    ///   - read: Parses one value without surrounding spaces; returns nil if it is malformed.
    func list<Value>(
        _ name: String,
        of kind: String,
        allowsSpaces: Bool = false,
        _ read: (String) -> Value?
    ) throws(ConfigurationError) -> [Value] {
        let expected = "\(kind), comma-separated"
        log?.note(name, expected: expected, default: nil)
        guard let text = value(name) else { return [] }
        var values: [Value] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: " ")
            let isWhole = words.count == 1 || allowsSpaces && !words.isEmpty
            guard isWhole, let value = read(words.joined(separator: " ")) else {
                throw ConfigurationError(variable: name, found: "'\(part)'", expected: expected)
            }
            values.append(value)
        }
        return values
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        default standard: Value
    ) throws(ConfigurationError) -> Value {
        try choice(name, noting: standard) ?? standard
    }

    /// Reads a choice whose default depends on other variables; nil if it is not set.
    func choice<Value: RawRepresentable<String> & CaseIterable>(_ name: String) throws(ConfigurationError) -> Value? {
        try choice(name, noting: nil)
    }

    private func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        noting standard: Value?
    ) throws(ConfigurationError) -> Value? {
        let expected = "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))"
        log?.note(name, expected: expected, default: standard?.rawValue)
        guard let text = value(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: expected)
        }
        return value
    }

    /// Reads an address; nil if the listener is `off`.
    func address(_ name: String, default standard: ListenAddress) throws(ConfigurationError) -> ListenAddress? {
        let expected = "HOST:PORT or off"
        log?.note(name, expected: expected, default: "\(standard.host):\(standard.port)")
        guard let text = value(name) else { return standard }
        if text == "off" { return nil }
        guard let address = ListenAddress(text) else {
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: expected)
        }
        return address
    }
}

/// The variables that the configuration reads, in reading order. The reference page is generated from it.
final class VariableLog: Sendable {
    struct Entry {
        let name: String
        let expected: String
        let standard: String?
    }

    private let noted = Mutex<[Entry]>([])

    var entries: [Entry] { noted.withLock { $0 } }

    func note(_ name: String, expected: String, default standard: String?) {
        noted.withLock { entries in
            // traps: the names of variables are our own, in ASCII.
            if entries.contains(where: { $0.name == name }) { return }
            entries.append(Entry(name: name, expected: expected, standard: standard))
        }
    }
}
