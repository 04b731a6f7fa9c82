using System.Globalization;
using Aspire.Hosting;
using Microsoft.AspNetCore.Builder;

namespace Billing.SampleHost;

/// <summary>
/// <c>serve</c>: a small HTTP server. <c>messages</c>: a service that sends messages to itself. Anything
/// else: the application host that starts the server.
/// </summary>
public sealed class Program
{
    private Program()
    {
    }

    public static void Main(string[] args)
    {
        if (args is ["serve", ..]) Serve();
        else if (args is ["messages", var connection, var schema, var count])
            Messages.Run(connection, schema, int.Parse(count, CultureInfo.InvariantCulture)).Wait();
        else Host(args);
    }

    private static void Serve()
    {
        var app = WebApplication.Create();
        app.MapGet("/health", () => "healthy");
        app.MapGet("/environment", () => Environment.GetEnvironmentVariables());
        app.Run();
    }

    private static void Host(string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = args,
            DisableDashboard = args.Contains("--no-dashboard"),
        });
        var shell = builder.Configuration["Shell"] ?? "/bin/sh";
        var database = builder.AddConnectionString("database");

        var server = builder.AddProject("server", ".", options => options.ExcludeLaunchProfile = true)
            .WithArgs("serve")
            .WithHttpEndpoint()
            .WithHttpHealthCheck("/health")
            .WithReference(database, "store", optional: true);
        var job = builder.AddExecutable("job", shell, ".", "-c", "echo migrated").WaitFor(server);

        // Deaf to what asks it to stop, and with a child of its own in another session.
        builder.AddExecutable("stubborn", shell, ".", "-c", "trap '' TERM INT QUIT; setsid sleep 600 & sleep 600")
            .WaitForCompletion(job);

        builder.Build().Run();
    }
}
