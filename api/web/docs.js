// Swagger UI over this server's own description; nothing is loaded from elsewhere.

/** Ask for a provider's token as for a key: the UI would fetch the provider's own description, which the page may not. */
function withTokens(description) {
  const schemes = Object.entries(description.components?.securitySchemes ?? {}).map(([name, scheme]) => [
    name,
    scheme.type === "openIdConnect" ? { type: "http", scheme: "bearer", description: scheme.description } : scheme,
  ]);
  return { ...description, components: { ...description.components, securitySchemes: Object.fromEntries(schemes) } };
}

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayOperationId: true,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [
    { statePlugins: { spec: { wrapActions: { updateJsonSpec: (next) => (description) => next(withTokens(description)) } } } },
  ],
  validatorUrl: null,
});
