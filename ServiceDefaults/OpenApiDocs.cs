using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.OpenApi;

namespace Billing.ServiceDefaults;

/// <summary>
/// The service's OpenAPI document at <c>/openapi/v1.json</c>, and in development a page to browse it.
/// </summary>
public static class OpenApiDocs
{
    public const string Route = "/openapi/{documentName}.json";
    public const string PagePrefix = "/swagger";

    private const string Bearer = "bearer", ApiKey = "apiKey";

    public static IServiceCollection AddOpenApiDocs(
        this IServiceCollection services, ServiceIdentity service) =>
        services.AddOpenApi(options =>
        {
            // Every feature has its own Command and Answer.
            options.CreateSchemaReferenceId = type =>
                OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } name
                    ? type.Type.DeclaringType?.Name + name
                    : null;
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo { Title = $"Billing: {service.Name}", Version = "v1" };
                document.Servers = [];
                Declare(document);
                return Task.CompletedTask;
            });
            options.AddOperationTransformer((operation, context, _) =>
            {
                Secure(operation, context);
                return Task.CompletedTask;
            });
        });

    public static void MapOpenApiDocs(this WebApplication app) =>
        app.MapOpenApi(Route).AllowAnonymous().WithoutRateLimit();

    /// <summary>Before authorization: the page has no data of its own, its calls bring a token.</summary>
    public static void UseOpenApiPage(this WebApplication app)
    {
        if (app.Environment.IsDevelopment())
            app.UseSwaggerUI(page => page.SwaggerEndpoint("/openapi/v1.json", "v1"));
    }

    /// <summary>The page brings scripts of its own, which the policy for data would stop.</summary>
    public static bool IsPage(PathString path) => path.StartsWithSegments(PagePrefix);

    private static void Declare(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "A token with the claims sub, role and, for the role tenant, tenant.",
            },
            [ApiKey] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = ApiKeys.ApiKeyHeader.Name,
                Description = "A producer's key.",
            },
        };
    }

    private static void Secure(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<IAllowAnonymous>().Any()) return;

        var policies = metadata.OfType<IAuthorizeData>().Select(data => data.Policy).OfType<string>()
            .ToList();
        operation.Security = [Requirement(Bearer, policies, context)];
        if (policies.Contains(Policies.Producer)) operation.Security.Add(Requirement(ApiKey, [], context));
        operation.Responses ??= [];
        operation.Responses.TryAdd(
            "401", new OpenApiResponse { Description = ProblemTypes.Unauthenticated.Title });
        operation.Responses.TryAdd("403", new OpenApiResponse { Description = ProblemTypes.Forbidden.Title });
    }

    private static OpenApiSecurityRequirement Requirement(
        string scheme, List<string> policies, OpenApiOperationTransformerContext context) =>
        new() { [new OpenApiSecuritySchemeReference(scheme, context.Document)] = policies };
}
