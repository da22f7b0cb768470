import ContractRuntime

/// Metrics in the Prometheus text format, version 0.0.4 (Prometheus documentation, "Exposition formats").
struct PrometheusText {
    private(set) var text = ""

    /// Adds a metric without labels, or with one text of labels per sample.
    mutating func gauge(_ name: String, _ help: String, _ samples: [(labels: String, value: Double)]) {
        family(name, "gauge", help, samples.map { (name + $0.labels, $0.value) })
    }

    /// Adds a metric.
    ///
    /// - Parameters:
    ///   - help: A description; nil for none.
    ///   - lines: The name of each sample with its labels, and its value.
    mutating func family(_ name: String, _ kind: String, _ help: String?, _ lines: [(String, Double)]) {
        if let help { text += "# HELP \(name) \(help)\n" }
        text += "# TYPE \(name) \(kind)\n"
        for (sample, value) in lines {
            text +=
                "\(sample) \(value == value.rounded() && abs(value) < 1e15 ? "\(Int(saturating: value))" : "\(value)")\n"
        }
    }

    /// The labels of a sample, without braces.
    static func labels(_ labels: [(String, String)]) -> String {
        labels.map { #"\#($0)="\#(escaped($1))""# }.joined(separator: ",")
    }

    /// A label's value between quotes (Prometheus documentation, "Text format details").
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "\\": escaped += #"\\"#
            case "\"": escaped += #"\""#
            case "\n": escaped += #"\n"#
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    /// The name with other characters than those of names replaced by `_`. Libraries separate the parts of a name with dots.
    static func name(_ text: String) -> String {
        let name = String(decoding: text.utf8.map { isNameByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
        let isStart = name.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        return isStart ? name : "_" + name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
