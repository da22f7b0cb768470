import ContractRuntime
import Foundation

extension UUID {
    /// Creates a random UUID.
    static func random() -> UUID { UUID() }

    /// Parses the text form that JSON contains; nil if it is not a UUID.
    init?(json text: String) {
        var text = text
        guard let id = text.withUTF8({ UUID(text: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }
}
