import ContractRuntime
import Logging

/// Writes each log message as one line of text to standard error.
///
/// Messages contain text from outside, so characters that end a line or change its direction are escaped.
struct TextLogHandler: LogHandler {
    private let label: String
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(label: String) {
        self.label = label
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let line = "\(Timestamp.now) \(event.level) \(label):\(pairs) \(event.message)"
        StandardError.print(line: Array(Self.visible(line).utf8))
    }

    /// The text with control characters, format characters and line ends escaped.
    static func visible(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { visible, scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                visible += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: visible.unicodeScalars.append(scalar)
            }
        }
    }
}
