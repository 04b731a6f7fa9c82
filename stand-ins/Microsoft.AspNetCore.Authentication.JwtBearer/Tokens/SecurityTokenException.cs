namespace Microsoft.IdentityModel.Tokens;

public class SecurityTokenException : Exception
{
    public SecurityTokenException()
    {
    }

    public SecurityTokenException(string? message) : base(message)
    {
    }

    public SecurityTokenException(string? message, Exception? innerException) : base(message, innerException)
    {
    }
}

public class SecurityTokenMalformedException(string message, Exception? innerException = null)
    : SecurityTokenException(message, innerException);

public class SecurityTokenValidationException(string message) : SecurityTokenException(message);

public class SecurityTokenInvalidAlgorithmException(string message) : SecurityTokenValidationException(message);

public class SecurityTokenInvalidSignatureException(string message) : SecurityTokenValidationException(message);

public class SecurityTokenSignatureKeyNotFoundException(string message) : SecurityTokenInvalidSignatureException(message);

public class SecurityTokenInvalidTypeException(string message) : SecurityTokenValidationException(message);

public class SecurityTokenInvalidIssuerException(string message) : SecurityTokenValidationException(message)
{
    public string? InvalidIssuer { get; set; }
}

public class SecurityTokenInvalidAudienceException(string message) : SecurityTokenValidationException(message)
{
    public string? InvalidAudience { get; set; }
}

public class SecurityTokenInvalidLifetimeException(string message) : SecurityTokenValidationException(message)
{
    public DateTime? NotBefore { get; set; }

    public DateTime? Expires { get; set; }
}

public class SecurityTokenNoExpirationException(string message) : SecurityTokenValidationException(message);

public class SecurityTokenNotYetValidException(string message) : SecurityTokenValidationException(message)
{
    public DateTime NotBefore { get; set; }
}

public class SecurityTokenExpiredException(string message) : SecurityTokenValidationException(message)
{
    public DateTime Expires { get; set; }
}
