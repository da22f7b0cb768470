import ContractCompiler
import Foundation

/// A recorded request with its response: one line of a traffic file.
///
///     {"request": {"method": "POST", "path": "/orders?dry=1", "headers": {"Content-Type": "application/json"}, "body": "{}"},
///      "response": {"status": 202, "headers": {}, "body": ""}}
///
/// A body that is not UTF-8 is in `body_base64`.
struct Exchange {
    struct Message {
        /// Header values by lower-case name, in the order of the exchange.
        let headers: [String: [String]]
        let body: [UInt8]
    }

    let method: String
    let path: String
    let query: String
    let request: Message
    let status: Int
    let response: Message

    /// Reads one line. Throws `ExchangeError` with the reason if it is invalid.
    init(_ node: Node) throws(ExchangeError) {
        guard let request = node["request"], let response = node["response"] else {
            throw ExchangeError(message: "an exchange must have 'request' and 'response'", node: node)
        }
        guard let method = request["method"]?.string, let target = request["path"]?.string else {
            throw ExchangeError(message: "a request must have 'method' and 'path'", node: request)
        }
        guard let status = response["status"]?.integer, (100...599).contains(status) else {
            throw ExchangeError(message: "a response must have a 'status' from 100 to 599", node: response)
        }
        self.method = method.uppercased()
        path = String(target.prefix { $0 != "?" && $0 != "#" })
        query = String(target.dropFirst(path.count).dropFirst().prefix { $0 != "#" })
        self.status = status
        self.request = try Self.message(request)
        self.response = try Self.message(response)
    }

    private static func message(_ node: Node) throws(ExchangeError) -> Message {
        var headers: [String: [String]] = [:]
        for member in node["headers"]?.members ?? [] {
            headers[member.key.lowercased(), default: []] += (member.value.items ?? [member.value]).compactMap {
                $0.scalar?.text
            }
        }
        guard let encoded = node["body_base64"]?.string else {
            return Message(headers: headers, body: Array((node["body"]?.string ?? "").utf8))
        }
        guard let data = Data(base64Encoded: encoded) else {
            throw ExchangeError(message: "'body_base64' is not Base64", node: node)
        }
        return Message(headers: headers, body: Array(data))
    }
}

/// A line is not an exchange.
struct ExchangeError: Error {
    let message: String
    let node: Node
}
