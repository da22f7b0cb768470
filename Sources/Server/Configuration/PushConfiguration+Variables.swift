import Handlers
import WebPush

extension PushConfiguration {
    /// Reads the configuration of web push; nil if it is off.
    ///
    /// - Parameter principals: The principals of configured tokens.
    static func read(_ variables: Variables, principals: [String]) throws(ConfigurationError) -> PushConfiguration? {
        let services = try variables.list("PUSH_SERVICES", of: "http[s]://HOST[:PORT]") { text in
            Origin(text) == nil ? nil : text
        }
        let contact = variables["PUSH_CONTACT"]
        if let contact, !["mailto:", "https://"].contains(where: { contact.utf8.starts(with: $0.utf8) }) {
            let expected = "a URL that begins with mailto: or https://"
            throw ConfigurationError(variable: "PUSH_CONTACT", found: "'\(contact)'", expected: expected)
        }
        guard let text = variables["PUSH_KEY"] else { return nil }
        guard let key = ApplicationServerKey(hexadecimal: text) else {
            // The value is a secret and must not appear in the message.
            throw ConfigurationError(
                variable: "PUSH_KEY",
                found: "an invalid value",
                expected: "64 hexadecimal digits, as openssl rand -hex 32 prints them"
            )
        }
        return PushConfiguration(key: key, contact: contact, services: services, principals: principals)
    }
}
