"""The commands of the command line, a module for what each is about; ``rag.cli`` lists them."""
