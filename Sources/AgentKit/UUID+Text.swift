import ContractRuntime
import Foundation

extension UUID {
    /// A random one.
    static func random() -> UUID { UUID() }

    /// Reads a UUID's text as JSON has it.
    init?(json text: String) {
        var text = text
        guard let id = text.withUTF8({ UUID(text: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }
}
