import Configuration
import ContractRuntime

/// Typed access to the configuration's variables, with errors that name them. An empty variable counts as absent.
struct Variables {
    private let reader: ConfigReader

    /// The variables that `reader` finds.
    init(reader: ConfigReader) {
        self.reader = reader
    }

    /// These variables and no others.
    init(values: [String: String]) {
        self.init(reader: ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: values)))
    }

    subscript(name: String) -> String? {
        let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
        let value = reader.string(forKey: key, isSecret: true)
        return value?.isEmpty == true ? nil : value
    }

    func integer(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(ConfigurationError) -> Int {
        guard let text = self[name] else { return standard }
        guard let value = Int(text), range.contains(value) else {
            let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: expected)
        }
        return value
    }

    /// An amount that is not negative.
    func decimal(_ name: String, default standard: Decimal) throws(ConfigurationError) -> Decimal {
        guard let text = self[name] else { return standard }
        guard let value = Decimal(text), value.coefficient >= 0 else {
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: "a decimal number, not negative")
        }
        return value
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        default standard: Value
    ) throws(ConfigurationError) -> Value {
        guard let text = self[name] else { return standard }
        guard let value = Value(rawValue: text) else {
            let expected = "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))"
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: expected)
        }
        return value
    }

    /// Nil when the listener is `off`.
    func address(_ name: String, default standard: ListenAddress) throws(ConfigurationError) -> ListenAddress? {
        guard let text = self[name] else { return standard }
        if text == "off" { return nil }
        guard let address = ListenAddress(text) else {
            throw ConfigurationError(variable: name, found: "'\(text)'", expected: "HOST:PORT or off")
        }
        return address
    }
}
