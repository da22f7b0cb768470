import ContractRuntime
import Generated
import Mustache

/// The sign-in page, or the page that says why signing in is not possible now.
public struct SignInPage: Sendable {
    let environment: String
    let theme: String?
    let title: String
    var warning: String?
    /// The banner about an outage of the API's process.
    var outage: Shell.Banner?
    var text: String?
    var isSignIn = false
    var next = ""
    /// The OpenID provider, and the link that begins a sign-in there.
    var provider: Provider?
    /// The page at which the user signs out at the provider, too.
    var link: String?
    var error: String?
    let version = ContractDocument.version

    /// An OpenID provider.
    struct Provider {
        let name: String
        let href: String
    }

    /// The form for signing in.
    ///
    /// - Parameters:
    ///   - next: The path to open after signing in.
    ///   - error: Why the last attempt failed.
    ///   - provider: The name of the OpenID provider; nil without one.
    ///   - warning: A warning to show above the form.
    ///   - availability: Whether the API responds.
    public static func signIn(
        environment: String,
        theme: String?,
        next: String,
        error: String? = nil,
        provider: String? = nil,
        warning: String? = nil,
        availability: APIAvailability = .available
    ) -> SignInPage {
        SignInPage(
            environment: environment,
            theme: theme,
            title: "Sign in",
            warning: warning,
            outage: availability.banner(),
            isSignIn: true,
            next: next,
            provider: provider.map { Provider(name: $0, href: "/login/openid?next=\(PercentEncoding.encode(next))") },
            error: error
        )
    }

    /// The page while authentication is unavailable.
    ///
    /// - Parameters:
    ///   - text: Why it is unavailable.
    ///   - isOfProvider: Whether the OpenID provider does not respond; otherwise it is the database.
    public static func unavailable(environment: String, theme: String?, text: String, isOfProvider: Bool = false)
        -> SignInPage
    {
        let title = isOfProvider ? "Sign-in unavailable" : "Database unavailable"
        return SignInPage(environment: environment, theme: theme, title: title, text: text)
    }

    /// The page after the end of a session, which leads to the sign-out of the OpenID provider.
    public static func signedOut(environment: String, theme: String?, link: String) -> SignInPage {
        SignInPage(environment: environment, theme: theme, title: "Signed out", link: link)
    }

    /// The page as HTML.
    public var html: String { Templates.library.render(self, withTemplate: "signin") ?? "" }
}
