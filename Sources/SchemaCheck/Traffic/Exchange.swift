import ContractCompiler
import Foundation

/// A recorded request with its response: one line of a traffic file.
///
///     {"request": {"method": "POST", "path": "/orders?dry=1", "headers": {"Content-Type": "application/json"}, "body": "{}"},
///      "response": {"status": 202, "headers": {}, "body": ""}}
///
/// A body that is not UTF-8 stands under `body_base64`.
struct Exchange {
    struct Message {
        /// By their names in lower case; the values of one name in their order.
        let headers: [String: [String]]
        let body: [UInt8]
    }

    let method: String
    let path: String
    let query: String
    let request: Message
    let status: Int
    let response: Message

    /// Reads a line; what is wrong with it is thrown.
    init(_ node: Node) throws(ExchangeError) {
        guard let request = node["request"], let response = node["response"] else {
            throw ExchangeError(message: "an exchange has 'request' and 'response'", node: node)
        }
        guard let method = request["method"]?.string, let target = request["path"]?.string else {
            throw ExchangeError(message: "a request has 'method' and 'path'", node: request)
        }
        guard let status = response["status"]?.integer, (100...599).contains(status) else {
            throw ExchangeError(message: "a response has a 'status' from 100 to 599", node: response)
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
            throw ExchangeError(message: "'body_base64' is no base64", node: node)
        }
        return Message(headers: headers, body: Array(data))
    }
}

/// A line that is no exchange.
struct ExchangeError: Error {
    let message: String
    let node: Node
}
