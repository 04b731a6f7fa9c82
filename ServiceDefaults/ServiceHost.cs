using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace Billing.ServiceDefaults;

/// <summary>
/// What every service's Program.cs begins with. The single argument <c>migrate</c> makes database and topics
/// instead of serving. What a person can put right is one sentence on standard error and exit code 1.
/// </summary>
public sealed class ServiceHost
{
    private readonly List<Action<WebApplicationBuilder>> _parts = [];
    private readonly List<Action<WebApplication>> _endpoints = [];
    private readonly string[] _args;
    private readonly string _name;
    private readonly Assembly _assembly;

    private ServiceHost(string[] args, string name, Assembly assembly) =>
        (_args, _name, _assembly) = (args, name, assembly);

    /// <param name="name">The resource name, from <see cref="Contracts.Resources"/>.</param>
    /// <param name="assembly">The service's own; its migrations are embedded there.</param>
    public static ServiceHost Create(string[] args, string name, Assembly assembly) =>
        new(args, name, assembly);

    public ServiceHost With(Action<WebApplicationBuilder> part)
    {
        _parts.Add(part);
        return this;
    }

    public ServiceHost Map(Action<WebApplication> endpoints)
    {
        _endpoints.Add(endpoints);
        return this;
    }

    public async Task<int> Run()
    {
        try
        {
            if (_args is ["migrate"]) await MigrationRun.Run(NewBuilder([]), _name, _assembly);
            else await Serve(Build());
            return 0;
        }
        catch (CannotStartException exception)
        {
            await System.Console.Error.WriteLineAsync($"{_name}: {exception.Message}");
            return 1;
        }
        catch (IOException exception) when (
            exception.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await System.Console.Error.WriteLineAsync($"{_name}: {exception.Message}");
            return 1;
        }
    }

    private static async Task Serve(WebApplication app)
    {
        try
        {
            await app.StartAsync();
            await app.WaitForShutdownAsync();
        }
        finally
        {
            // Away from the thread of a connection: what is let go of here may wait for one.
            await Task.Yield();
            await app.DisposeAsync();
        }
    }

    private WebApplication Build()
    {
        var builder = NewBuilder(_args);
        builder.AddServiceDefaults(_name, _assembly);
        foreach (var part in _parts) part(builder);

        var app = builder.Build();
        app.UseServiceDefaults();
        foreach (var endpoints in _endpoints) endpoints(app);
        return app;
    }

    /// <summary>Settings lie beside the program, whatever folder it is started in.</summary>
    private WebApplicationBuilder NewBuilder(string[] args) =>
        WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,
            ApplicationName = _assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
}
